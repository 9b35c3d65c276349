/**
 * Synthetic records for the tests of everything right of the record: what a run with these costs would have
 * written. Nothing here is ever shown to a user; no measured run passes through it.
 */
import type {
  CpuEdges,
  GateRule,
  Pair,
  RunRecord,
  RunVariant,
  SliceRecord,
  Snapshot,
  Track,
  WindowRecord,
} from '../../record/index.js';
import { createRandom } from '../random.js';
import { latenciesNs, recorded } from './built-latencies.js';
import {
  coresOf,
  freshProcess,
  type ProcessState,
  processSnapshot,
  START_MICROS,
} from './built-processes.js';
import { builtRunRecord } from './built-run-record.js';

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

const RESPONSE_BYTES = 16_384;
const HEADER_BYTES = 180;
const SERVICE_CPU_MICROS = 20;
const GENERATOR_CPU_MICROS = 25;

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
  const run = builtRunRecord({ ...settings, baseline, pairs, replicas }, settings.variants.map(runVariantOf));
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
