export * from './analysis.js';
export * from './clinic.js';
export * from './cluster.js';
export * from './confirmation.js';
export * from './control.js';
export { RecordError, type RecordFaultCode } from './fault.js';
export { type RecordFileSystem, realFileSystem } from './file-system.js';
export {
  createLatencyRecorder,
  decodeHistogram,
  HISTOGRAM_RESOLUTION,
  type Histogram,
  type LatencyRecorder,
  mergeHistograms,
  quantileNs,
  samplesAbove,
} from './histogram.js';
export {
  createHistogramSum,
  type HistogramSum,
  mergeEncodedHistograms,
  type SlicePercentiles,
  sumHistograms,
} from './histogram-sum.js';
export * from './imported.js';
export { jsonFaultPosition } from './json-position.js';
export * from './line.js';
export * from './looks.js';
export * from './metrics.js';
export * from './planned.js';
export * from './profiles.js';
export { type DamagedLine, parseRunText, readRun, type StoredRun } from './reader.js';
export * from './run.js';
export * from './slices.js';
export * from './stacks.js';
export * from './steps.js';
export * from './topology.js';
export { createRunWriter, type RunWriter, replaceRunFile } from './writer.js';
