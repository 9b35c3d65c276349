/** What every reader of another tool's output returns, before it is put into the metrics of a record. */
import type { ImportedResult } from '../record/index.js';

/** A latency that the output tells; `within` is what is really known where the tool interpolated. */
export interface ToldLatency {
  readonly ns: number;
  readonly within: { readonly lowNs: number; readonly highNs: number } | null;
}

/** A figure, or why there is none. */
export type Told = { readonly value: number } | { readonly reason: string };

export interface ToolOutput extends Omit<ImportedResult, 'variant' | 'source' | 'levels' | 'limits'> {
  /** By quantile, from 0 to 1. */
  readonly percentiles: ReadonlyMap<number, ToldLatency>;
  readonly maxNs: number | null;
  /** Completed requests per second. */
  readonly throughput: Told;
  /** Share of the requests that failed. */
  readonly errorRate: Told;
  /** What the tool's own way of measuring keeps from comparison, a sentence each. */
  readonly ownLimits: readonly string[];
}
