/** The slices and windows of one variant, sorted out once: what may decide, what may not, and what idling costs. */
import {
  createHistogramSum,
  type HistogramSum,
  type RunVariant,
  type SliceRecord,
  type Snapshot,
  type Track,
  type WindowRecord,
} from '../record/index.js';
import { cpuClockFault } from './cpu-clocks.js';
import { type UnitHistograms, unitHistograms } from './statistic.js';

/** The agent that holds a variant's eBPF programs. It is part of the data plane, and no proxy. */
export const AGENT_ROLE = 'kernel';

/** The roles of a variant's proxies, in the order that a request passes them. */
export function proxyRoles(dataPlaneRoles: readonly string[]): readonly string[] {
  return dataPlaneRoles.filter((role) => role !== AGENT_ROLE);
}

export interface Evidence {
  readonly variant: RunVariant;
  /** Every slice, in the order it was measured. */
  readonly slices: readonly SliceRecord[];
  /** Slices that may decide: measured and not invalid, by track. */
  readonly usable: Readonly<Record<Track, readonly SliceRecord[]>>;
  /** Windows that may decide: micro ones, and those around a usable slice. */
  readonly windows: Readonly<Record<Track, readonly WindowRecord[]>>;
  /** Windows without traffic: the control. */
  readonly idle: readonly WindowRecord[];
  /** CPU of the data plane without traffic, ns per ns of time; null when it was not read. */
  readonly idleCpuShare: number | null;
  /** Why its CPU clocks cannot be believed; null when they can. */
  readonly cpuFault: string | null;
  /** Latency of the long slices that may decide, by unit. */
  readonly longLatency: UnitHistograms;
}

/** True for a slice whose numbers may decide. */
export function isUsable(slice: SliceRecord): boolean {
  return slice.status.state === 'measured' && slice.validity.status !== 'invalid';
}

/** Sorts what was measured by variant; every variant of the run has an entry. */
export function collectEvidence(
  variants: readonly RunVariant[],
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
): ReadonlyMap<string, Evidence> {
  return new Map(
    variants.map((variant) => {
      const own = slices
        .filter((slice) => slice.variant === variant.id)
        .sort((a, b) => a.startedAtMicros - b.startedAtMicros || a.seq - b.seq);
      const around = windows.filter((window) => window.variant === variant.id);
      return [variant.id, evidenceOf(variant, own, around)];
    }),
  );
}

function evidenceOf(
  variant: RunVariant,
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
): Evidence {
  const usableSeqs = new Set(slices.filter(isUsable).map((slice) => slice.seq));
  const ofTrack = (track: Track) => ({
    slices: slices.filter((slice) => slice.track === track && usableSeqs.has(slice.seq)),
    windows: windows.filter(
      (window) => window.track === track && (window.sliceSeq === null || usableSeqs.has(window.sliceSeq)),
    ),
  });
  const tracks = { micro: ofTrack('micro'), long: ofTrack('long'), 'cross-check': ofTrack('cross-check') };
  const idle = windows.filter((window) => window.track === 'idle');
  return {
    variant,
    slices,
    usable: {
      micro: tracks.micro.slices,
      long: tracks.long.slices,
      'cross-check': tracks['cross-check'].slices,
    },
    windows: {
      micro: tracks.micro.windows,
      long: tracks.long.windows,
      'cross-check': tracks['cross-check'].windows,
    },
    idle,
    idleCpuShare: idleCpuShare(variant, idle),
    cpuFault: cpuClockFault(slices, windows, proxyRoles(variant.dataPlaneRoles)),
    longLatency: latencyByReplica(tracks.long.slices),
  };
}

function latencyByReplica(slices: readonly SliceRecord[]): UnitHistograms {
  const sums = new Map<number, HistogramSum>();
  for (const { latency, replica } of slices) {
    if (latency === null) continue;
    const sum = sums.get(replica) ?? createHistogramSum();
    sums.set(replica, sum);
    sum.add(latency);
  }
  return unitHistograms(new Map([...sums].map(([replica, sum]) => [replica, sum.total()])));
}

/** Pooled over the run, because one idle stretch is short against the kernel's bookkeeping. */
function idleCpuShare(variant: RunVariant, idle: readonly WindowRecord[]): number | null {
  let cpuNs = 0;
  let wallNs = 0;
  for (const window of idle) {
    const cpu = cpuOf(window, variant.dataPlaneRoles);
    if (cpu === null) continue;
    cpuNs += cpu;
    wallNs += (window.end.atMicros - window.start.atMicros) * 1000;
  }
  return wallNs > 0 ? cpuNs / wallNs : null;
}

export type ProcessPair = {
  readonly start: Snapshot['processes'][number];
  readonly end: Snapshot['processes'][number];
};

/** Start and end of every data-plane process of a window; null when one of them is missing at an edge. */
export function processPairs(window: WindowRecord, roles: readonly string[]): ProcessPair[] | null {
  const starts = window.start.processes.filter((process) => roles.includes(process.role));
  if (starts.length === 0) return null;
  const pairs: ProcessPair[] = [];
  for (const start of starts) {
    const end = window.end.processes.find((process) => process.pid === start.pid);
    if (end === undefined) return null;
    pairs.push({ start, end });
  }
  return pairs;
}

/** CPU of the data plane within a window in ns by the processes' own clocks; null when one could not be read. */
export function cpuOf(window: WindowRecord, roles: readonly string[]): number | null {
  return growth(window, roles, (process) => process.cpuNs);
}

/** By how much a counter of the data plane's processes grew in a window; null when one could not be read. */
export function growth(
  window: WindowRecord,
  roles: readonly string[],
  counter: (process: Snapshot['processes'][number]) => number | null | undefined,
): number | null {
  const pairs = processPairs(window, roles);
  if (pairs === null) return null;
  let sum = 0;
  for (const { start, end } of pairs) {
    const from = counter(start);
    const to = counter(end);
    if (from === null || from === undefined || to === null || to === undefined) return null;
    sum += to - from;
  }
  return sum;
}

/** Blocks of a track in which both variants have a slice that may decide, on the given units. */
export function pairedBlocks(
  candidate: Evidence,
  baseline: Evidence,
  track: Track,
  replicas: readonly number[],
): { blocks: number; rounds: number } {
  const units = new Set(replicas);
  const other = new Set(baseline.usable[track].map((slice) => slice.block));
  const paired = candidate.usable[track].filter(
    (slice) => units.has(slice.replica) && other.has(slice.block),
  );
  return {
    blocks: new Set(paired.map((slice) => slice.block)).size,
    rounds: new Set(paired.map((slice) => slice.round)).size,
  };
}
