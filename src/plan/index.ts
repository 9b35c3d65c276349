export { planBlock, standUpOrder } from './block.js';
export * from './plan.js';
export { type PlannedScenario, type PlanOverrides, type PlanSource, planScenario } from './plan-scenario.js';
