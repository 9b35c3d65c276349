export { formatFault, type ScenarioFault } from './fault.js';
export { generateScenarioSchema } from './json-schema.js';
export { type ParsedScenario, parseScenario } from './parse.js';
export { DURATION, PERCENT, parseQuantity, type Quantity, RATE } from './quantities.js';
export { type BodyReader, noBodies, type ReadBody } from './requests.js';
export { MOST_BODY_BYTES, MOST_BODY_WORDS } from './requests-schema.js';
export {
  measuredPerRoundMs,
  type Scenario,
  type ScenarioCell,
  type ScenarioCluster,
  type ScenarioCrossCheck,
  type ScenarioLoad,
  type ScenarioPolicy,
  type ScenarioRequest,
  type ScenarioSlices,
  type ScenarioTopology,
  type ScenarioWorkload,
  SHORTEST_BATCH_MS,
} from './scenario.js';
export { mendUnknown } from './suggestion.js';
export { clusterOfStep } from './topology.js';
