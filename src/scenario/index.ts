export { formatFault, type ScenarioFault } from './fault.js';
export { generateScenarioSchema } from './json-schema.js';
export { type ParsedScenario, parseScenario } from './parse.js';
export { DURATION, parseQuantity, type Quantity } from './quantities.js';
export {
  measuredPerRoundMs,
  type Scenario,
  type ScenarioCrossCheck,
  type ScenarioLoad,
  type ScenarioPolicy,
  type ScenarioSlices,
  type ScenarioTopology,
  type ScenarioWorkload,
  SHORTEST_BATCH_MS,
} from './scenario.js';
export { mendUnknown } from './suggestion.js';
export { clusterOfStep } from './topology.js';
