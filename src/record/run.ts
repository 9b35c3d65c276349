/**
 * `run.json`: what was asked, on what machine, and what came out. The upper half (the manifest) is written
 * before the first slice; `analysis` is a pure function of the manifest and `slices.jsonl` and can be
 * computed again from them at any time.
 */
import { z } from 'zod';
import { clusterRecord } from './cluster.js';
import { generatorFloor } from './control.js';
import { METRIC_NAMES, type MetricName } from './metrics.js';
import { offloadCeiling, plannedOffloadCeiling } from './profiles.js';
import { track, validity } from './slices.js';
import { plannedStacks } from './stacks.js';
import { plannedSteps, rateCurve, sloResult } from './steps.js';
import { topology } from './topology.js';

export const RUN_SCHEMA = 'meshmark.run/1';

const metricName = z.enum(METRIC_NAMES as [MetricName, ...MetricName[]]);

/** A gate rule. Exactly one of the two limits is a number; both are fractions (0.05 is 5 %). */
export const gateRule = z.object({
  metric: metricName,
  maxIncrease: z.number().nonnegative().nullable(),
  maxDecrease: z.number().nonnegative().nullable(),
  /** Variants the rule holds for; null means every variant compared with the baseline. */
  variants: z.array(z.string()).nullable(),
});
export type GateRule = z.infer<typeof gateRule>;

export const pair = z.object({ candidate: z.string(), baseline: z.string() });
export type Pair = z.infer<typeof pair>;

/** What the analysis needs to know of the plan. */
export const plannedAnalysis = z.object({
  baseline: z.string().nullable(),
  /** The baseline of each cell, where the run has several and `baseline` is null. */
  baselines: z.array(z.string()).optional(),
  /** Every pair whose effects are computed: against the baseline, against `direct`, and the scenario's own. */
  pairs: z.array(pair),
  /** Coverage of every interval, for example 0.99. */
  confidence: z.number().gt(0.5).lt(1),
  /** Equivalence margin as a fraction: a ratio within [1/(1+margin), 1+margin] does not matter. */
  margin: z.number().gt(0),
  gate: z.array(gateRule),
  model: z.enum(['open', 'closed']),
  offeredRatePerSecond: z.number().nullable(),
  hasMicro: z.boolean(),
  hasLong: z.boolean(),
  rounds: z.int().positive(),
  replicas: z.int().positive(),
  /** Absent where the scenario asks for no bound on what offloading could save. */
  offloadCeiling: plannedOffloadCeiling.optional(),
  /** Absent where the run is neither a sweep nor a search; else it has nothing but steps. */
  steps: plannedSteps.optional(),
  /** Absent unless the run took profiles and nothing else. */
  stacks: plannedStacks.optional(),
});
export type PlannedAnalysis = z.infer<typeof plannedAnalysis>;

/** Whether a variant is what others are measured against: the run's baseline, or that of its cell. */
export function isBaseline(
  { baseline, baselines }: Pick<PlannedAnalysis, 'baseline' | 'baselines'>,
  variant: string,
): boolean {
  return variant === baseline || baselines?.includes(variant) === true;
}

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

/** What is expected of a variant in a metric before it is measured; printed beside the result, never used to judge it. */
export const expectation = z.object({
  metric: metricName,
  /** Id of the variant that the claim compares with. */
  against: z.string(),
  /** What the variant's value is expected to be, compared with that of `against`. */
  direction: z.enum(['lower', 'higher']),
  /** Who says so, in words that let a reader find it, or what it follows from. */
  source: z.string(),
});
export type Expectation = z.infer<typeof expectation>;

export const variantStatus = z.enum(['measured', 'not-exercised', 'unavailable', 'failed']);

export const runVariant = z.object({
  id: z.string(),
  kind: z.string(),
  /** One sentence of what it is. */
  description: z.string(),
  /** Resolved options, in the sidecar's own words; empty for `direct`. */
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Roles whose CPU counts as the data plane's: [] for `direct`. */
  dataPlaneRoles: z.array(z.string()),
  /** Names of witnesses that must be exercised in it. */
  claims: z.array(z.string()),
  status: variantStatus,
  reason: z.string().nullable(),
  /** The witness that proves the variant's own point; the matrix is in the analysis. */
  witness: z
    .object({
      name: z.string(),
      value: z.number().nullable(),
      exercised: z.boolean(),
    })
    .nullable(),
  /** What the mechanism does and how to read its result: plain paragraphs with an empty line between them. */
  explanation: z.string().nullable().optional(),
  /** Id of the variant that differs from this one in its point alone; null when the run has none. */
  counterpart: z.string().nullable().optional(),
  expectations: z.array(expectation).optional(),
  /** Why its figures do not stand for a real machine; null when nothing is known against them. */
  caveat: z.string().nullable().optional(),
});
export type RunVariant = z.infer<typeof runVariant>;

/** A load driver of others, and what it was given to run. */
export const loadDriver = z.object({
  name: z.string(),
  version: z.string(),
  /** The user's own script as it was when the run began; null where meshmark made one. */
  script: z.object({ path: z.string(), sha256: z.string(), text: z.string() }).nullable(),
});
export type LoadDriver = z.infer<typeof loadDriver>;

export const machineInfo = z.object({
  hostname: z.string(),
  platform: z.string(),
  arch: z.string(),
  kernel: z.string(),
  cpuModel: z.string(),
  cores: z.int().positive(),
  memoryBytes: z.number(),
  governor: z.string().nullable(),
  virtualised: z.string().nullable(),
  loadAverage: z.array(z.number()),
  clockTicksPerSecond: z.number().nullable(),
  /** Whether the kernel accounts interrupt time apart (CONFIG_IRQ_TIME_ACCOUNTING), in words. */
  interruptAccounting: z.string(),
  nodeVersion: z.string(),
  goVersion: z.string().nullable(),
  /** SHA-256 of every binary in the path, by name. */
  binaries: z.record(z.string(), z.string()),
  /** Short digest of what must be equal for two runs to be comparable. */
  fingerprint: z.string(),
});
export type MachineInfo = z.infer<typeof machineInfo>;

/** What kept the generator and the variants apart, and what did not. */
export const isolation = z.object({
  generatorCores: z.array(z.int()),
  dataPlaneCores: z.array(z.int()),
  cgroups: z.string().nullable(),
  /** Cores that an idle-priority loop kept from halting. Its time counts as idle time throughout the record. */
  keptAwake: z.array(z.int()).default([]),
  /** One sentence each; empty when everything was isolated. */
  notIsolated: z.array(z.string()),
});
export type Isolation = z.infer<typeof isolation>;

/** One difference that the parity check found between variants before any load. */
export const parityFinding = z.object({
  property: z.string(),
  byVariant: z.record(z.string(), z.string()),
  equal: z.boolean(),
});
export type ParityFinding = z.infer<typeof parityFinding>;

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
});
export type GateResult = z.infer<typeof gateResult>;

/** What the machine was known to be able to tell apart when the run began, from a calibration; see `calibrate`. */
export const noiseFloor = z.object({
  createdAt: z.string(),
  /** How long the calibration measured. */
  seconds: z.number().positive(),
  /** Smallest relative change of CPU per request that a run of that length shows. */
  smallestDecidable: z.number().nonnegative(),
});
export type NoiseFloor = z.infer<typeof noiseFloor>;

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

/** A variant with many options, taken apart one by one. All names but the factors' are ids of variants. */
export const ablation = z.object({
  /** The variant without any of the factors. */
  from: z.string(),
  /** The variant with all of them. */
  to: z.string(),
  factors: z.array(
    z.object({
      name: z.string(),
      /** `to` without this factor. */
      off: z.string(),
      /** `from` with this factor alone. */
      on: z.string(),
    }),
  ),
});
export type Ablation = z.infer<typeof ablation>;

/** One kind of request that the generator drew, by weight. */
export const askedRequest = z.object({
  weight: z.number().positive(),
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Null where it has none. `file` is the name in the scenario; null for a body of letters. */
  body: z
    .object({ bytes: z.int().nonnegative(), sha256: z.string(), file: z.string().nullable() })
    .nullable(),
});
export type AskedRequest = z.infer<typeof askedRequest>;

/** One of several workloads that a run measured beside each other. */
export const runCell = z.object({
  /** Told behind the names of its variants: `plain@64KiB` is `plain` in the cell `64KiB`. */
  id: z.string(),
  /** What it differs from other cells in: the axis, and its value in words. */
  values: z.record(z.string(), z.string()),
  /** Ids of its variants. */
  variants: z.array(z.string()),
});
export type RunCell = z.infer<typeof runCell>;

export const runRecord = z.object({
  schema: z.literal(RUN_SCHEMA),
  runId: z.string(),
  meshmarkVersion: z.string(),
  command: z.array(z.string()),
  seed: z.int(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  /** `running` in a folder nobody writes to any more means that the harness was killed. */
  state: z.enum(['running', 'finished', 'interrupted', 'failed']),
  /** Why it is `interrupted` or `failed`; null otherwise. */
  stateReason: z.string().nullable(),
  scenario: z.object({ name: z.string(), path: z.string(), text: z.string() }),
  planned: plannedAnalysis,
  variants: z.array(runVariant),
  /** Absent where there was but one workload. */
  cells: z.array(runCell).optional(),
  machine: machineInfo,
  isolation,
  parity: z.array(parityFinding),
  /** Null when this machine has not been calibrated. */
  floor: noiseFloor.nullable().default(null),
  topology: topology.nullable().optional(),
  /** Absent where everything ran on the harness's own machine. */
  cluster: clusterRecord.optional(),
  /** Load drivers of others that took part. */
  drivers: z.array(loadDriver).optional(),
  /** Null or absent when the scenario takes no variant apart. */
  ablation: ablation.nullable().optional(),
  /** Connections that read slowly beside those that were judged; null or absent for none. */
  slowClients: z
    .object({ connections: z.int().positive(), readBytesPerSecond: z.number().positive() })
    .nullable()
    .optional(),
  /** Null or absent where every request was a GET of `/`, or a call of gRPC. */
  requests: z.array(askedRequest).nullable().optional(),
  analysis: analysis.nullable(),
});
export type RunRecord = z.infer<typeof runRecord>;
