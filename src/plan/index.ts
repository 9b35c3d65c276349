export type { Against } from './against.js';
export { againstItself } from './against-itself.js';
export { planBlock, standUpOrder } from './block.js';
export { confirmationOf } from './confirmation.js';
export * from './plan.js';
export { type PlannedScenario, type PlanOverrides, type PlanSource, planScenario } from './plan-scenario.js';
export { PROFILE_TAIL_MS, PROFILE_WARMUP_MS } from './profiles.js';
export { type StacksOptions, withStacks } from './stacks.js';
export { type PlannedStep, planSteps, type StepOptions, type SteppedPlan, withSteps } from './steps.js';
