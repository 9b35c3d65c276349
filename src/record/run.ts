/**
 * `run.json`: what was asked, on what machine, and what came out. The upper half (the manifest) is written
 * before the first slice; `analysis` is a pure function of the manifest and `slices.jsonl` and can be
 * computed again from them at any time.
 */
import { z } from 'zod';
import { analysis } from './analysis.js';
import { clusterRecord } from './cluster.js';
import { confirmation } from './confirmation.js';
import { runEnding } from './looks.js';
import { metricName, plannedAnalysis } from './planned.js';
import { topology } from './topology.js';

export const RUN_SCHEMA = 'meshmark.run/1';

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

/** What the machine was known to be able to tell apart when the run began, from a calibration; see `calibrate`. */
export const noiseFloor = z.object({
  createdAt: z.string(),
  /** How long the calibration measured. */
  seconds: z.number().positive(),
  /** Smallest relative change of CPU per request that a run of that length shows. */
  smallestDecidable: z.number().nonnegative(),
  /** Name of the scenario that it was measured with; absent for meshmark's own. */
  scenario: z.string().optional(),
  /** The same for every metric that the calibration judged; absent where it judged CPU per request alone. */
  metrics: z.partialRecord(metricName, z.number().nonnegative()).optional(),
});
export type NoiseFloor = z.infer<typeof noiseFloor>;

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

const commitId = z.string().regex(/^[0-9a-f]{40,64}$/);

/** Another commit of the scenario's repository that variants were compared with. */
export const comparedCommit = z.object({
  /** As it was asked for, such as `git:main`. */
  asked: z.string(),
  /** Its full id. */
  commit: commitId,
  /** What lay in the repository: the commit checked out there, and whether files of it were changed. */
  own: z.object({ commit: commitId, changed: z.boolean() }),
  /** Ids of variants whose program is the same, byte for byte, in both versions. */
  identical: z.array(z.string()),
});
export type ComparedCommit = z.infer<typeof comparedCommit>;

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
  /** Absent in records of earlier versions, and of runs that failed or were killed. */
  ending: runEnding.optional(),
  /** Absent where no regression was run again. */
  confirmation: confirmation.optional(),
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
  /** Absent where variants were compared with one another. */
  against: comparedCommit.optional(),
  analysis: analysis.nullable(),
});
export type RunRecord = z.infer<typeof runRecord>;
