/**
 * What the report shows and the analysis does not hold: per-slice figures for the strips, merged histograms for
 * the curves, and the harness's audit of itself. Descriptive only: every verdict comes from the analysis.
 */
import {
  createHistogramSum,
  type ErrorCounts,
  type EventLoop,
  type Histogram,
  type HistogramSum,
  type RunRecord,
  type SlicePercentiles,
  type SliceRecord,
  type Track,
} from '../record/index.js';

export type SliceState = 'valid' | 'suspect' | 'invalid' | 'failed';

export interface SliceFigures {
  readonly slice: SliceRecord;
  readonly state: SliceState;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** CPU of the data plane between the slice's first and last measured request; GC that runs later is not in it. */
  readonly cpuMicrosPerRequest: number | null;
}

export interface VariantFigures {
  readonly id: string;
  readonly slices: readonly SliceFigures[];
  /** Latency of every slice that counts, by track. From the intended send time in an open loop. */
  readonly latency: Readonly<Record<Track, Histogram>>;
  /** Long slices, from the real send time; empty in a closed loop. */
  readonly sendLatency: Histogram;
  /** Real less intended send time over long slices; empty in a closed loop. */
  readonly sendLag: Histogram;
  readonly errors: ErrorCounts;
  readonly requests: number;
  readonly connectionWaits: number;
  readonly generatorCpuMicrosPerRequest: number | null;
  /** Null where a driver did not tell. */
  readonly generatorGcCycles: number | null;
  /** What the generator's event loops said, by track; empty where it has none. */
  readonly eventLoops: readonly LoopFigures[];
  /** Mean of what the open-loop slices offered and achieved, in requests/s; null without such slices. */
  readonly offered: { readonly offered: number; readonly achieved: number } | null;
}

/** The event loops of all slices of one track. */
export interface LoopFigures {
  readonly track: Track;
  /** Most that ran at once. */
  readonly processes: number;
  /** Busy share over all, and of the busiest in its worst slice. */
  readonly meanUtilisation: number;
  readonly mostUtilisation: number;
  /** The worst slice's 99th percentile; null where none could be told. */
  readonly delayP99Ms: number | null;
  /** Time spent collecting, as a share of the loops' time. */
  readonly gcShare: number;
}

const TRACKS: readonly Track[] = ['micro', 'long', 'cross-check'];

/** Figures of every variant of the run, in the run's order. Histograms that cannot be decoded throw RangeError. */
export function variantFigures(run: RunRecord, slices: readonly SliceRecord[]): readonly VariantFigures[] {
  const byVariant = new Map<string, SliceRecord[]>(run.variants.map((variant) => [variant.id, []]));
  for (const slice of slices) byVariant.get(slice.variant)?.push(slice);
  return run.variants.map((variant) =>
    figuresOf(variant.id, new Set(variant.dataPlaneRoles), byVariant.get(variant.id) ?? []),
  );
}

/** Whether a slice's numbers enter the merged curves: the same rule as the analysis, status and validity only. */
export function counts(slice: SliceRecord): boolean {
  return slice.status.state === 'measured' && slice.validity.status !== 'invalid';
}

function figuresOf(id: string, roles: ReadonlySet<string>, slices: readonly SliceRecord[]): VariantFigures {
  const latency = Object.fromEntries(TRACKS.map((track) => [track, createHistogramSum()])) as Record<
    Track,
    HistogramSum
  >;
  const sendLatency = createHistogramSum();
  const sendLag = createHistogramSum();
  const leftOut = createHistogramSum();
  const figures = slices.map((slice): SliceFigures => {
    const counted = counts(slice);
    const sum = counted ? latency[slice.track] : leftOut;
    const percentiles = slice.latency === null ? null : sum.addAndMeasure(slice.latency);
    if (counted && slice.track === 'long') {
      if (slice.sendLatency !== null) sendLatency.add(slice.sendLatency);
      if (slice.sendLag !== null) sendLag.add(slice.sendLag);
    }
    return { slice, state: sliceState(slice), ...inMillis(percentiles), ...sliceCpu(slice, roles) };
  });
  return {
    id,
    slices: figures,
    latency: {
      micro: latency.micro.total(),
      long: latency.long.total(),
      'cross-check': latency['cross-check'].total(),
    },
    sendLatency: sendLatency.total(),
    sendLag: sendLag.total(),
    ...auditOf(slices),
  };
}

function sliceState(slice: SliceRecord): SliceState {
  return slice.status.state === 'failed' ? 'failed' : slice.validity.status;
}

function inMillis(percentiles: SlicePercentiles | null): Pick<SliceFigures, 'p50Ms' | 'p99Ms' | 'maxMs'> {
  if (percentiles === null) return { p50Ms: null, p99Ms: null, maxMs: null };
  const { p50Ns, p99Ns, maxNs } = percentiles;
  return { p50Ms: p50Ns / 1e6, p99Ms: p99Ns / 1e6, maxMs: maxNs / 1e6 };
}

function sliceCpu(slice: SliceRecord, roles: ReadonlySet<string>): Pick<SliceFigures, 'cpuMicrosPerRequest'> {
  const edges = slice.cpu.filter((edge) => roles.has(edge.role));
  if (edges.length === 0 || slice.requests === 0) return { cpuMicrosPerRequest: null };
  const ns = edges.reduce((sum, edge) => sum + edge.endNs - edge.startNs, 0);
  return { cpuMicrosPerRequest: ns / 1e3 / slice.requests };
}

function auditOf(
  slices: readonly SliceRecord[],
): Omit<VariantFigures, 'id' | 'slices' | 'latency' | 'sendLatency' | 'sendLag'> {
  const errors = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };
  let requests = 0;
  let connectionWaits = 0;
  let generatorNs = 0;
  let generatorRequests = 0;
  let generatorGcCycles: number | null = 0;
  let openSlices = 0;
  let offered = 0;
  let achieved = 0;
  for (const slice of slices) {
    for (const cause of Object.keys(errors) as (keyof ErrorCounts)[]) errors[cause] += slice.errors[cause];
    requests += slice.requests;
    connectionWaits += slice.generator.connectionWaits;
    const { gcCycles } = slice.generator;
    generatorGcCycles = generatorGcCycles === null || gcCycles === null ? null : generatorGcCycles + gcCycles;
    if (slice.track !== 'cross-check') {
      generatorNs += slice.generator.cpuNs;
      generatorRequests += slice.requests;
    }
    const seconds = (slice.endedAtMicros - slice.startedAtMicros) / 1e6;
    if (slice.offeredRatePerSecond !== null && seconds > 0) {
      openSlices++;
      offered += slice.offeredRatePerSecond;
      achieved += slice.requests / seconds;
    }
  }
  return {
    errors,
    requests,
    connectionWaits,
    generatorGcCycles,
    eventLoops: TRACKS.flatMap((track) => loopFigures(track, slices) ?? []),
    generatorCpuMicrosPerRequest: generatorRequests === 0 ? null : generatorNs / 1e3 / generatorRequests,
    offered: openSlices === 0 ? null : { offered: offered / openSlices, achieved: achieved / openSlices },
  };
}

function loopFigures(track: Track, slices: readonly SliceRecord[]): LoopFigures | null {
  const own = slices.filter((slice) => slice.track === track);
  const loops: EventLoop[] = [];
  let loopNs = 0;
  let busyNs = 0;
  for (const { generator, startedAtMicros, endedAtMicros } of own) {
    for (const loop of generator.eventLoops ?? []) {
      const ns = (endedAtMicros - startedAtMicros) * 1000;
      loops.push(loop);
      loopNs += ns;
      busyNs += ns * loop.utilisation;
    }
  }
  if (loops.length === 0 || loopNs <= 0) return null;
  const delays = loops.flatMap(({ delayP99Ns }) => delayP99Ns ?? []);
  return {
    track,
    processes: Math.max(...own.map(({ generator }) => generator.eventLoops?.length ?? 0)),
    meanUtilisation: busyNs / loopNs,
    mostUtilisation: Math.max(...loops.map(({ utilisation }) => utilisation)),
    delayP99Ms: delays.length === 0 ? null : Math.max(...delays) / 1e6,
    gcShare: loops.reduce((sum, { gcNs }) => sum + gcNs, 0) / loopNs,
  };
}
