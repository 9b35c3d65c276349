/** Steps of a sweep or a search: a line of `slices.jsonl` for each, and what they add up to. */
import { z } from 'zod';
import { cpuEdges, encodedHistogram, errorCounts } from './slices.js';

/** Seconds of open loop through one variant at a rate of its own, too fast for it or not. */
export const stepRecord = z.object({
  type: z.literal('step'),
  seq: z.int().nonnegative(),
  round: z.int().nonnegative(),
  replica: z.int().nonnegative(),
  variant: z.string(),
  offeredRatePerSecond: z.number().positive(),
  startedAtMicros: z.number(),
  /** When the last answer had come, which in an overload is well after the last request was due. */
  endedAtMicros: z.number(),
  requests: z.int().nonnegative(),
  warmupRequests: z.int().nonnegative(),
  errors: errorCounts,
  /** From the intended send time. */
  latency: encodedHistogram.nullable(),
  sendLag: encodedHistogram.nullable(),
  cpu: z.array(cpuEdges),
  /** Resident memory of the data plane's processes at the end; null when it could not be read. */
  residentBytes: z.number().nullable(),
  generator: z.object({
    cpuNs: z.number(),
    connectionWaits: z.int().nonnegative(),
  }),
  /** Why it could not be measured, or null. */
  failed: z.string().nullable(),
});
export type StepRecord = z.infer<typeof stepRecord>;

/** What a step must keep to: latencies in ms at quantiles, and the share of requests that may fail. */
export const objective = z.object({
  latency: z.array(z.object({ quantile: z.number().gt(0).lt(1), limitMs: z.number().positive() })),
  mostErrors: z.number().min(0).max(1),
});
export type Objective = z.infer<typeof objective>;

/** What the plan of a sweep or search was. */
export const plannedSteps = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sweep'), ratesPerSecond: z.array(z.number().positive()) }),
  z.object({
    type: z.literal('search'),
    objective,
    startRatePerSecond: z.number().positive(),
    /** The limit is known well enough when the ends of its interval differ by this share. */
    precision: z.number().positive(),
  }),
]);
export type PlannedSteps = z.infer<typeof plannedSteps>;

const estimate = z.object({
  value: z.number(),
  /** Ends of its interval; null where too few sets of fresh processes were measured. */
  low: z.number().nullable(),
  high: z.number().nullable(),
});

/** One rate of one variant's curve. Null where nothing was measured. */
export const curvePoint = z.object({
  offeredRatePerSecond: z.number(),
  steps: z.int().positive(),
  /** Answers without error in a second, until the last had come. */
  achievedRatePerSecond: z.number(),
  errorShare: z.number(),
  p50Ms: estimate.nullable(),
  p99Ms: estimate.nullable(),
  cpuMicrosPerRequest: estimate.nullable(),
  residentBytes: z.number().nullable(),
  /** Whether it was the generator that could not keep the rate. */
  generatorLimited: z.boolean(),
});
export type CurvePoint = z.infer<typeof curvePoint>;

export const rateCurve = z.object({
  variant: z.string(),
  /** By rising rate. */
  points: z.array(curvePoint),
  /** The highest rate before the first that was too much; null when the lowest already was. */
  kneeRatePerSecond: z.number().nullable(),
  /** The lowest rate that was too much; null when none was. */
  tooMuchRatePerSecond: z.number().nullable(),
});
export type RateCurve = z.infer<typeof rateCurve>;

/** The highest rate at which a variant keeps to the objective, and what that costs. */
export const sloResult = z.object({
  variant: z.string(),
  steps: z.int().nonnegative(),
  /** Null when no rate on either side of it was found. */
  ratePerSecond: z.number().nullable(),
  /** Ends of its 95 % interval, or the highest rate that held and the lowest that did not. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  settled: z.boolean(),
  /** The lowest rate that the generator could not send; null when it sent all. */
  generatorLimitPerSecond: z.number().nullable(),
  /** Cores of the data plane in use for each 1,000 requests/s, over the steps that held near the limit. */
  coresPerThousand: estimate.nullable(),
  /** Resident memory of the data plane for each 1,000 requests/s, in MB (10⁶ bytes). */
  megabytesPerThousand: estimate.nullable(),
});
export type SloResult = z.infer<typeof sloResult>;
