export { type AutocannonDriver, startAutocannon } from './autocannon.js';
export type { AutocannonResult } from './autocannon-messages.js';
export type { EngineReading, EngineReady, EngineSlice } from './engine-events.js';
export { type EngineSliceOrder, type EngineTarget, type LoadgenEngine, startLoadgen } from './loadgen.js';
