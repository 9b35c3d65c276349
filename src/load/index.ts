export { type AutocannonDriver, startAutocannon } from './autocannon.js';
export type { AutocannonResult } from './autocannon-messages.js';
export type { EngineReading, EngineReady, EngineSlice } from './engine-events.js';
export { holdIdleConnections, type IdleConnections } from './idle-connections.js';
export { type EngineSliceOrder, type EngineTarget, type LoadgenEngine, startLoadgen } from './loadgen.js';
