/**
 * Synthetic records for the tests of everything right of the record: what a run with these costs would have
 * written. Nothing here is ever shown to a user; no measured run passes through it.
 */
import {
  type BucketCounts,
  type CoreSnapshot,
  type CpuEdges,
  createLatencyRecorder,
  type GateRule,
  type Pair,
  type ProcessSnapshot,
  RUN_SCHEMA,
  type RunRecord,
  type RunVariant,
  type SliceRecord,
  type Snapshot,
  type Track,
  type WindowRecord,
} from '../../record/index.js';
import { createRandom, type Random } from '../random.js';

export interface BuiltVariant {
  readonly id: string;
  readonly kind?: string;
  /** Data-plane roles in the path; [] is a variant like `direct`. Default `['outbound', 'inbound']`. */
  readonly roles?: readonly string[];
  readonly claims?: readonly string[];
  readonly status?: RunVariant['status'];
  readonly reason?: string | null;
  /** Expected CPU of all roles together, in µs per request. Default 100. */
  readonly cpuMicros?: number;
  /** Default 40,000. */
  readonly allocBytes?: number;
  /** Requests between two GC cycles of one process; 0 is a runtime that never collects. Default 50. */
  readonly requestsPerGc?: number;
  /** Median latency in µs. Default 800. */
  readonly latencyMicros?: number;
  /** Share of requests the service's faults fail. Default 0. */
  readonly errorRate?: number;
  /** Upstream dials per request. Default 0. */
  readonly dialsPerRequest?: number;
  /** Share of copied bytes that pass through a pooled buffer. Default 1 where `buffer-pool` is claimed, else 0. */
  readonly poolShare?: number;
  /** False for a process without an admin port: no runtime and no witness. Default true. */
  readonly admin?: boolean;
}

export interface BuildOptions {
  readonly variants: readonly BuiltVariant[];
  readonly rounds?: number;
  /** Sets of fresh processes; default one a round. */
  readonly replicas?: number;
  readonly microBlocksPerRound?: number;
  readonly longBlocksPerRound?: number;
  /** 0 is never. */
  readonly crossCheckEveryRounds?: number;
  readonly baseline?: string | null;
  readonly pairs?: readonly Pair[];
  readonly gate?: readonly GateRule[];
  readonly model?: 'open' | 'closed';
  readonly confidence?: number;
  readonly margin?: number;
  readonly requestsPerMicroSlice?: number;
  readonly ratePerSecond?: number;
  readonly longMillis?: number;
  readonly seed?: number;
  /** Standard deviation of the log of each slice's cost. Default 0.05; 0 makes every total exact. */
  readonly sliceNoise?: number;
  /** The same for each set of processes, drawn per variant: restart luck. Default 0.02. */
  readonly replicaNoise?: number;
  /** The same for each round, shared by all variants, so that pairing cancels it. Default 0.1. */
  readonly roundNoise?: number;
  /** CPU a data-plane process burns without traffic, in ns per wall ns. Default 0.001. */
  readonly idleCpu?: number;
}

export interface BuiltRecord {
  readonly run: RunRecord;
  readonly slices: SliceRecord[];
  readonly windows: WindowRecord[];
}

const START_MICROS = 1_750_000_000_000_000;
const RESPONSE_BYTES = 16_384;
const HEADER_BYTES = 180;
const GC_PAUSE_NS = 60_000;
const SERVICE_CPU_MICROS = 20;
const GENERATOR_CPU_MICROS = 25;

interface ProcessState {
  readonly role: string;
  readonly pid: number;
  cpuNs: number;
  requests: number;
  dials: number;
  pooledBytes: number;
  bytes: number;
  allocBytes: number;
  gcCycles: number;
  switches: number;
}

interface VariantState {
  readonly spec: Required<Omit<BuiltVariant, 'reason' | 'kind'>>;
  replicaFactor: number;
  processes: ProcessState[];
}

/** Builds the record of a run; the same options give the same record. */
export function buildRun(options: BuildOptions): BuiltRecord {
  const settings = {
    rounds: 8,
    microBlocksPerRound: 10,
    longBlocksPerRound: 1,
    crossCheckEveryRounds: 0,
    model: 'open' as const,
    confidence: 0.99,
    margin: 0.05,
    requestsPerMicroSlice: 300,
    ratePerSecond: 800,
    longMillis: 2000,
    seed: 1,
    sliceNoise: 0.05,
    replicaNoise: 0.02,
    roundNoise: 0.1,
    idleCpu: 0.001,
    ...options,
  };
  const replicas = settings.replicas ?? settings.rounds;
  const random = createRandom(settings.seed);
  const variants = settings.variants.map(stateOf);
  const slices: SliceRecord[] = [];
  const windows: WindowRecord[] = [];
  const machine = { nowMicros: START_MICROS, generatorMicros: 0, dataPlaneMicros: 0, systemMicros: 0 };
  let nextPid = 1000;
  let block = 0;

  const passIdle = (micros: number) => {
    machine.nowMicros += micros;
    for (const variant of variants) {
      for (const process of variant.processes) process.cpuNs += micros * 1000 * settings.idleCpu;
      machine.dataPlaneMicros += micros * settings.idleCpu * variant.processes.length;
    }
    machine.systemMicros += micros * 0.01;
  };

  const snapshotOf = (variant: VariantState): Snapshot => {
    passIdle(300);
    return {
      atMicros: machine.nowMicros,
      processes: variant.processes.map((process) => processSnapshot(process, variant.spec.admin)),
      cores: coresOf(machine),
    };
  };

  /** Serves `requests` in `micros` and books their cost. */
  const serve = (variant: VariantState, requests: number, micros: number, factor: number) => {
    passIdle(micros);
    machine.generatorMicros += requests * GENERATOR_CPU_MICROS;
    machine.dataPlaneMicros += requests * SERVICE_CPU_MICROS;
    const share = variant.spec.cpuMicros / Math.max(1, variant.processes.length);
    for (const process of variant.processes) {
      process.cpuNs += requests * share * 1000 * factor;
      machine.dataPlaneMicros += requests * share * factor;
      process.requests += requests;
      process.dials += requests * variant.spec.dialsPerRequest;
      process.bytes += requests * RESPONSE_BYTES;
      process.pooledBytes += requests * RESPONSE_BYTES * variant.spec.poolShare;
      process.allocBytes += (requests * variant.spec.allocBytes) / variant.processes.length;
      process.gcCycles =
        variant.spec.requestsPerGc === 0 ? 0 : Math.floor(process.requests / variant.spec.requestsPerGc);
      process.switches += requests * 2;
    }
  };

  const runSlice = (
    variant: VariantState,
    at: { round: number; replica: number; position: number; track: Track },
    requests: number,
    factor: number,
  ): SliceRecord => {
    const { track } = at;
    const open = track === 'long' && settings.model === 'open';
    const microsPerRequest = open ? 1e6 / settings.ratePerSecond : 150;
    const warmup = Math.ceil(requests / 3);
    const readCpu = () => variant.processes.map((process) => process.cpuNs);
    const warmupStart = readCpu();
    serve(variant, warmup, warmup * microsPerRequest, factor);
    const start = readCpu();
    const startedAtMicros = machine.nowMicros;
    serve(variant, requests, requests * microsPerRequest, factor);
    const end = readCpu();
    const endedAtMicros = machine.nowMicros;
    passIdle(200);
    const failed = Math.round(requests * variant.spec.errorRate);
    const cpu: CpuEdges[] = variant.processes.map((process, index) => ({
      role: process.role,
      pid: process.pid,
      warmupStartNs: warmupStart[index] ?? 0,
      startNs: start[index] ?? 0,
      endNs: end[index] ?? 0,
    }));
    const requestNs = latenciesNs(random, requests, variant.spec.latencyMicros * factor);
    return {
      type: 'slice',
      seq: slices.length,
      round: at.round,
      block,
      position: at.position,
      track,
      variant: variant.spec.id,
      replica: at.replica,
      driver: track === 'cross-check' ? 'autocannon' : 'loadgen',
      model: open ? 'open' : 'closed',
      startedAtMicros,
      endedAtMicros,
      warmupRequests: warmup,
      requests,
      errors: { connect: 0, reset: 0, timeout: 0, status: failed, protocol: 0 },
      bytesReceived: requests * (RESPONSE_BYTES + HEADER_BYTES),
      offeredRatePerSecond: open ? settings.ratePerSecond : null,
      latency: recorded(requestNs),
      // The same requests, timed from when they left.
      sendLatency: open ? recorded(requestNs.map((ns) => ns * 0.98)) : null,
      sendLag: open ? recorded(latenciesNs(random, requests, 10)) : null,
      beyondResidence: null,
      cpu,
      generator: { cpuNs: requests * GENERATOR_CPU_MICROS * 1000, gcCycles: 0, connectionWaits: 0 },
      status: { state: 'measured' },
      validity: { status: 'valid', reasons: [] },
    };
  };

  for (let round = 0; round < settings.rounds; round++) {
    const replica = Math.floor((round * replicas) / settings.rounds);
    if (round === 0 || replica !== Math.floor(((round - 1) * replicas) / settings.rounds)) {
      for (const variant of variants) {
        variant.replicaFactor = Math.exp(settings.replicaNoise * random.normal());
        variant.processes = variant.spec.roles.map((role) => freshProcess(role, nextPid++));
      }
    }
    const roundFactor = Math.exp(settings.roundNoise * random.normal());
    const factorOf = (variant: VariantState) =>
      roundFactor * variant.replicaFactor * Math.exp(settings.sliceNoise * random.normal());
    const standing = variants.filter((variant) => variant.spec.status === 'measured');
    const window = (
      variant: VariantState,
      track: WindowRecord['track'],
      start: Snapshot,
      requests: number,
      sliceSeq: number | null = null,
    ): void => {
      const end = snapshotOf(variant);
      windows.push({
        type: 'window',
        round,
        variant: variant.spec.id,
        replica,
        track,
        sliceSeq,
        requests,
        start,
        end,
        probeCpuNs: 50_000,
      });
    };

    const idleStarts = standing.map(snapshotOf);
    passIdle(1_000_000);
    standing.forEach((variant, index) => {
      const start = idleStarts[index];
      if (start !== undefined) window(variant, 'idle', start, 0);
    });

    if (settings.microBlocksPerRound > 0) {
      const starts = standing.map(snapshotOf);
      const sent = new Map<VariantState, number>();
      for (let i = 0; i < settings.microBlocksPerRound; i++) {
        random.shuffled(standing).forEach((variant, position) => {
          const at = { round, replica, position, track: 'micro' as const };
          const slice = runSlice(variant, at, settings.requestsPerMicroSlice, factorOf(variant));
          slices.push(slice);
          sent.set(variant, (sent.get(variant) ?? 0) + slice.requests + slice.warmupRequests);
        });
        block++;
      }
      standing.forEach((variant, index) => {
        const start = starts[index];
        if (start !== undefined) window(variant, 'micro', start, sent.get(variant) ?? 0);
      });
    }

    const alone = (track: 'long' | 'cross-check', requests: number) => {
      random.shuffled(standing).forEach((variant, position) => {
        const start = snapshotOf(variant);
        const slice = runSlice(variant, { round, replica, position, track }, requests, factorOf(variant));
        slices.push(slice);
        window(variant, track, start, slice.requests + slice.warmupRequests, slice.seq);
      });
      block++;
    };
    for (let i = 0; i < settings.longBlocksPerRound; i++) {
      const perMilli = settings.model === 'open' ? settings.ratePerSecond / 1000 : 1000 / 150;
      alone('long', Math.round(settings.longMillis * perMilli));
    }
    if (settings.crossCheckEveryRounds > 0 && round % settings.crossCheckEveryRounds === 0) {
      alone('cross-check', 2000);
    }
  }

  const baseline = settings.baseline === undefined ? (settings.variants[0]?.id ?? null) : settings.baseline;
  const pairs =
    settings.pairs ??
    settings.variants
      .filter((variant) => variant.id !== baseline)
      .map((variant) => ({ candidate: variant.id, baseline: baseline ?? '' }));
  const run: RunRecord = {
    schema: RUN_SCHEMA,
    runId: 'built-for-a-test',
    meshmarkVersion: '0.1.0',
    command: ['meshmark', 'run', 'scenarios/built.yaml'],
    seed: settings.seed,
    createdAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:06:05.000Z',
    state: 'finished',
    stateReason: null,
    scenario: {
      name: 'built',
      path: 'scenarios/built.yaml',
      text: 'schema: meshmark.scenario/1\nname: built\n',
    },
    planned: {
      baseline,
      pairs: [...pairs],
      confidence: settings.confidence,
      margin: settings.margin,
      gate: [...(settings.gate ?? [])],
      model: settings.model,
      offeredRatePerSecond: settings.model === 'open' ? settings.ratePerSecond : null,
      hasMicro: settings.microBlocksPerRound > 0,
      hasLong: settings.longBlocksPerRound > 0,
      rounds: settings.rounds,
      replicas,
    },
    variants: settings.variants.map(runVariantOf),
    machine: {
      hostname: 'test-machine',
      platform: 'linux',
      arch: 'x64',
      kernel: '6.18.0',
      cpuModel: 'Test CPU',
      cores: 2,
      memoryBytes: 8_000_000_000,
      governor: null,
      virtualised: null,
      loadAverage: [0.1, 0.1, 0.1],
      clockTicksPerSecond: 100,
      interruptAccounting: 'off: interrupt time is billed to the process that was interrupted',
      nodeVersion: '20.20.0',
      goVersion: 'go1.26.8',
      binaries: { dataplane: '0'.repeat(64) },
      fingerprint: 'f00d',
    },
    isolation: { generatorCores: [0], dataPlaneCores: [1], cgroups: null, keptAwake: [], notIsolated: [] },
    parity: [],
    floor: null,
    analysis: null,
  };
  return { run, slices, windows };
}

function stateOf(variant: BuiltVariant): VariantState {
  const claims = variant.claims ?? [];
  return {
    replicaFactor: 1,
    processes: [],
    spec: {
      id: variant.id,
      roles: variant.roles ?? ['outbound', 'inbound'],
      claims,
      status: variant.status ?? 'measured',
      cpuMicros: variant.cpuMicros ?? 100,
      allocBytes: variant.allocBytes ?? 40_000,
      requestsPerGc: variant.requestsPerGc ?? 50,
      latencyMicros: variant.latencyMicros ?? 800,
      errorRate: variant.errorRate ?? 0,
      dialsPerRequest: variant.dialsPerRequest ?? 0,
      poolShare: variant.poolShare ?? (claims.includes('buffer-pool') ? 1 : 0),
      admin: variant.admin ?? true,
    },
  };
}

function runVariantOf(variant: BuiltVariant): RunVariant {
  return {
    id: variant.id,
    kind: variant.kind ?? variant.id,
    description: `The variant ${variant.id} of a test.`,
    options: {},
    dataPlaneRoles: [...(variant.roles ?? ['outbound', 'inbound'])],
    claims: [...(variant.claims ?? [])],
    status: variant.status ?? 'measured',
    reason: variant.reason ?? null,
    witness: null,
  };
}

function freshProcess(role: string, pid: number): ProcessState {
  return {
    role,
    pid,
    cpuNs: 5_000_000,
    requests: 0,
    dials: 0,
    pooledBytes: 0,
    bytes: 0,
    allocBytes: 0,
    gcCycles: 0,
    switches: 0,
  };
}

function processSnapshot(process: ProcessState, admin: boolean): ProcessSnapshot {
  const empty: BucketCounts = { upperNs: [100, null], counts: [0, 0] };
  // A kernel counts in ticks of 10 ms, so these two are rounded as its own are.
  const ticks = (micros: number) => Math.round(micros / 10_000) * 10_000;
  const gets = process.pooledBytes > 0 ? process.requests : 0;
  return {
    role: process.role,
    pid: process.pid,
    cpuNs: process.cpuNs,
    userMicros: ticks((process.cpuNs / 1000) * 0.4),
    systemMicros: ticks((process.cpuNs / 1000) * 0.6),
    voluntarySwitches: process.switches,
    involuntarySwitches: Math.round(process.switches / 20),
    rssBytes: 18_000_000,
    rssPeakBytes: 20_000_000 + Math.min(4_000_000, process.requests * 100),
    runtime: admin
      ? {
          gcCycles: process.gcCycles,
          gcPauses: { upperNs: [GC_PAUSE_NS, 2 * GC_PAUSE_NS, null], counts: [process.gcCycles * 2, 0, 0] },
          gcCpuSeconds: (process.cpuNs / 1e9) * 0.1,
          allocBytes: process.allocBytes,
          allocObjects: process.allocBytes / 500,
          heapLiveBytes: 4_000_000,
          goroutines: 40,
          schedLatency: empty,
          mutexWaitSeconds: 0,
        }
      : null,
    witness: admin
      ? {
          requests: process.requests,
          connectionsAccepted: 16,
          requestsVerified: 0,
          upstreamDials: process.dials,
          bytesCopied: process.bytes,
          bytesThroughPool: process.pooledBytes,
          poolGets: gets,
          poolHits: gets,
        }
      : null,
  };
}

function coresOf(machine: {
  readonly nowMicros: number;
  readonly generatorMicros: number;
  readonly dataPlaneMicros: number;
  readonly systemMicros: number;
}): CoreSnapshot[] {
  const elapsed = machine.nowMicros - START_MICROS;
  const core = (cpu: number, user: number): CoreSnapshot => ({
    cpu,
    userMicros: user,
    systemMicros: machine.systemMicros / 2,
    irqMicros: 0,
    softirqMicros: 0,
    stealMicros: elapsed * 0.01,
    idleMicros: Math.max(0, elapsed - user - machine.systemMicros / 2),
  });
  return [core(0, machine.generatorMicros), core(1, machine.dataPlaneMicros)];
}

const recorder = createLatencyRecorder();

/** A log-normal shape (σ 0.35) with one request in 200 five times as slow. */
function latenciesNs(random: Random, requests: number, medianMicros: number): number[] {
  return Array.from({ length: requests }, () => {
    const slow = random.uniform() < 0.005 ? 5 : 1;
    return medianMicros * 1000 * slow * Math.exp(0.35 * random.normal());
  });
}

function recorded(samplesNs: readonly number[]): string {
  recorder.reset();
  for (const ns of samplesNs) recorder.record(ns);
  return recorder.encode();
}
