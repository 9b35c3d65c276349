export { type AutocannonDriver, type AutocannonResult, startAutocannon } from './autocannon.js';
export { type ProfiledLoad, profileAutocannon } from './autocannon-profiled.js';
export { type DistributedAgent, distributedEngine } from './distributed-engine.js';
export type { EngineReading, EngineReady, EngineSlice } from './engine-events.js';
export { holdIdleConnections, type IdleConnections } from './idle-connections.js';
export { createK6Driver, type K6Driver, type K6Result } from './k6.js';
export { K6_PROTO, type K6Load, k6Script, meanRateOf } from './k6-script.js';
export {
  type ClockedEngine,
  type EngineSliceOrder,
  type EngineTarget,
  type LoadgenEngine,
  openLoadgen,
  startLoadgen,
} from './loadgen.js';
export { podEngine } from './pod-engine.js';
export { spreadEngine } from './spread-engine.js';
