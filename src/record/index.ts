export * from './histogram.js';
export * from './metrics.js';
export * from './run.js';
export * from './slices.js';
