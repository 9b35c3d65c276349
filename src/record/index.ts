export { RecordError, type RecordFaultCode } from './fault.js';
export { type RecordFileSystem, realFileSystem } from './file-system.js';
export * from './histogram.js';
export * from './metrics.js';
export { type DamagedLine, readRun, type StoredRun } from './reader.js';
export * from './run.js';
export { generateRunSchemas, type RunSchemas } from './schema.js';
export * from './slices.js';
export { createRunWriter, RUN_FILE, type RunWriter, replaceRunFile, SLICES_FILE } from './writer.js';
