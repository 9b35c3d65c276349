/** What came out of a run: a pure function of its manifest and its slices. */
import { z } from 'zod';
import { generatorFloor } from './control.js';
import { look } from './looks.js';
import { metricName } from './planned.js';
import { offloadCeiling } from './profiles.js';
import { track, validity } from './slices.js';
import { rateCurve, sloResult } from './steps.js';

/** Something whose use a counter proves. `claimed` is by the variant's definition, not by what was seen. */
export const witnessResult = z.object({
  name: z.string(),
  claimed: z.boolean(),
  /** Share in [0, 1]; null when it could not be read, and then `reason` says why. */
  value: z.number().nullable(),
  /** The counters behind the share, in words: "9,981 of 10,000 gets". */
  detail: z.string(),
  exercised: z.boolean(),
  /** True when the reading agrees with the claim: ≥ 99 % where claimed, ≤ 0.1 % where not. */
  agrees: z.boolean(),
  reason: z.string().nullable(),
});
export type WitnessResult = z.infer<typeof witnessResult>;

export const verdict = z.enum([
  'better',
  'worse',
  'equivalent',
  'inconclusive',
  'not-exercised',
  'unavailable',
  'failed',
  'invalid',
]);
export type Verdict = z.infer<typeof verdict>;

/** One variant's value of one metric, in the metric's unit. */
export const level = z.object({
  variant: z.string(),
  metric: metricName,
  track,
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Why `value` is null, or null. */
  reason: z.string().nullable(),
});
export type Level = z.infer<typeof level>;

/** Candidate against baseline in one metric. Ratios are candidate / baseline; differences are in the metric's unit. */
export const effect = z.object({
  metric: metricName,
  candidate: z.string(),
  baseline: z.string(),
  track,
  ratio: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  difference: z.number().nullable(),
  differenceLow: z.number().nullable(),
  differenceHigh: z.number().nullable(),
  /** Two-sided p-value of "no difference", Holm-adjusted over the gated effects; null for descriptive ones. */
  pAdjusted: z.number().nullable(),
  gated: z.boolean(),
  blocks: z.int().nonnegative(),
  replicas: z.int().nonnegative(),
  verdict,
  /** Why a verdict could not be better, worse or equivalent. */
  reason: z.string().nullable(),
  /** True when a rule of measurement, not the interval, made it inconclusive: then no gate may use the interval. */
  overruled: z.boolean().optional(),
  /** Of gated effects, what interval and p are of: the log of the ratio, or the difference where there is no ratio. */
  estimate: z
    .object({
      scale: z.enum(['log', 'difference']),
      value: z.number(),
      standardError: z.number().nonnegative(),
      degreesOfFreedom: z.number().positive(),
    })
    .optional(),
});
export type Effect = z.infer<typeof effect>;

export const gateResult = z.object({
  metric: metricName,
  candidate: z.string(),
  baseline: z.string(),
  limit: z.string(),
  outcome: z.enum(['pass', 'fail', 'undecided']),
  /** One sentence with the interval and the limit. */
  explanation: z.string(),
  /** True where the run alone cannot tell, but makes a regression likely enough to be looked for again. */
  suspected: z.boolean().optional(),
});
export type GateResult = z.infer<typeof gateResult>;

/** Two tracks that judged the same metric of the same pair and do not agree. */
export const disagreement = z.object({
  metric: metricName,
  candidate: z.string(),
  baseline: z.string(),
  explanation: z.string(),
});

/** Where one variant's requests spent their time, from its servers' own clocks. */
export const hopSplit = z.object({
  variant: z.string(),
  /** Requests that the means are over. */
  requests: z.int().nonnegative(),
  /** In the order in which a request passes them; they add up to the mean time of a request. */
  parts: z.array(
    z.object({
      /** For example "outbound sidecar" or "wire outbound → inbound". */
      name: z.string(),
      /** Mean time of a request here, in microseconds. */
      meanMicros: z.number(),
      /** Ends of its interval; null where none could be computed. */
      low: z.number().nullable(),
      high: z.number().nullable(),
    }),
  ),
});
export type HopSplit = z.infer<typeof hopSplit>;

/** An effect that went the other way than was expected. It is flagged, and changes no verdict. */
export const surprise = z.object({
  candidate: z.string(),
  baseline: z.string(),
  metric: metricName,
  expected: z.enum(['lower', 'higher']),
  source: z.string(),
  /** What was found, in words with its interval: "8.1 % higher (6.0 % to 10.3 %)". */
  found: z.string(),
});
export type Surprise = z.infer<typeof surprise>;

/** How many of the slowest 1 % of a variant's requests met a GC pause of one of its proxies, against chance. */
export const gcTail = z.object({
  variant: z.string(),
  slowRequests: z.int().nonnegative(),
  pauses: z.int().nonnegative(),
  /** Share of them that overlap a pause; null when it is not known. */
  share: z.number().nullable(),
  /** The share that would if requests of those lengths fell anywhere in their slices. */
  chance: z.number().nullable(),
  /** `share` less `chance`, and the ends of its interval. */
  excess: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Why it is not known, or null. */
  reason: z.string().nullable(),
});
export type GcTail = z.infer<typeof gcTail>;

/** One thing that the harness checked about itself or the run: `doubt` makes a run suspect, `fail` invalid. */
export const auditEntry = z.object({
  check: z.string(),
  state: z.enum(['pass', 'doubt', 'fail']),
  /** One sentence each, never none: what was found, or what passing means. */
  details: z.array(z.string()),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const analysis = z.object({
  levels: z.array(level),
  /** The deciding effects: one per metric and pair. */
  effects: z.array(effect),
  /** The same metrics from another track, shown beside; never gated. */
  besideEffects: z.array(effect),
  disagreements: z.array(disagreement),
  witnesses: z.record(z.string(), z.array(witnessResult)),
  gate: z.array(gateResult),
  /** Each look that could have ended the run; absent where it could not end early. */
  looks: z.array(look).optional(),
  validity,
  /** What the generator adds by itself; absent in records of earlier versions and where it was not measured. */
  generatorFloor: generatorFloor.optional(),
  /** Absent in records without the tails of slices. */
  gcTail: z.array(gcTail).optional(),
  /** Absent where no steps were planned. */
  curves: z.array(rateCurve).optional(),
  /** Absent where no limit was searched for. */
  sloResults: z.array(sloResult).optional(),
  /** What the validity follows from; absent in records of earlier versions. */
  audit: z.array(auditEntry).optional(),
  /** Share of charged CPU that fell outside a variant's own slices, by variant; null when it was not read. */
  cpuOutsideSlices: z.record(z.string(), z.number().nullable()),
  /** CPU spent answering probes as a share of the variant's CPU, by variant. */
  probeShare: z.record(z.string(), z.number().nullable()),
  /** Absent where the servers did not time their hops. */
  hopSplit: z.array(hopSplit).optional(),
  surprises: z.array(surprise).optional(),
  /** Absent where the scenario did not ask for it; else every variant with a data plane has its entry. */
  offloadCeiling: z.array(offloadCeiling).optional(),
});
export type Analysis = z.infer<typeof analysis>;
