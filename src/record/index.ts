export { RecordError, type RecordFaultCode } from './fault.js';
export { type RecordFileSystem, realFileSystem } from './file-system.js';
export * from './histogram.js';
export * from './metrics.js';
export { type DamagedLine, readRun, type StoredRun } from './reader.js';
export * from './run.js';
export * from './slices.js';
export { createRunWriter, type RunWriter, replaceRunFile } from './writer.js';
