/** Metrics that are read at the edges of windows: the runtimes' own counters and the kernel's bookkeeping. */
import {
  type BucketCounts,
  type Histogram,
  mergeHistograms,
  type Track,
  type WindowRecord,
} from '../record/index.js';
import { cpuOf, type Evidence, growth, processPairs, proxyRoles } from './evidence.js';
import {
  addTotals,
  largest,
  type Measured,
  quantileOf,
  quotient,
  type TotalsByReplica,
  unitHistograms,
} from './statistic.js';

/** The kernel counts user and system time in ticks of 10 ms: below this a window's share of them is noise. */
const SHORTEST_TICKED_MICROS = 2_000_000;

/** Go's runtime keeps four buckets to a doubling (runtime/histogram.go, timeHistSubBucketBits = 2). */
const RUNTIME_BUCKET_WIDTH = 0.25;

const NO_WITNESS = 'its processes have no witness counters';
const NO_RUNTIME = 'its processes have no admin port that tells their runtime’s counters';

/** Why a process that does tell its runtime's counters may lack one of them. */
const NOT_IN_RUNTIME = {
  allocBytes: NO_RUNTIME,
  gcCycles: NO_RUNTIME,
  allocObjects: 'its runtime does not count allocated objects',
  goroutines: 'its runtime has no goroutines',
};

/** Growth of one runtime counter over requests; `scale` turns it into the metric's unit. */
export function runtimePerRequest(
  evidence: Evidence,
  track: Track,
  counter: 'allocBytes' | 'allocObjects' | 'gcCycles',
  scale: number,
): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  return perRequest(evidence.windows[track], whyMissing(evidence, counter), scale, (window) =>
    growth(window, roles, (process) => process.runtime?.[counter]),
  );
}

function whyMissing(evidence: Evidence, counter: keyof typeof NOT_IN_RUNTIME): string {
  const tracks = [evidence.windows.micro, evidence.windows.long, evidence.windows['cross-check']];
  const told = tracks.some((windows) =>
    windows.some(({ end }) => end.processes.some(({ runtime }) => runtime?.[counter] === null)),
  );
  return told ? NOT_IN_RUNTIME[counter] : NO_RUNTIME;
}

/** GC's CPU over all CPU of the data plane. */
export function gcCpuFraction(evidence: Evidence, track: Track): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  const totals: TotalsByReplica = new Map();
  for (const window of evidence.windows[track]) {
    const gcSeconds = growth(window, roles, (process) => process.runtime?.gcCpuSeconds);
    const cpuNs = cpuOf(window, roles);
    if (gcSeconds !== null && cpuNs !== null) addTotals(totals, window.replica, gcSeconds * 1e9, cpuNs);
  }
  return measuredOr(totals, 1, NO_RUNTIME);
}

/** 99th percentile of the stop-the-world pauses that fell in the windows, in ms. */
export function gcPauseP99(evidence: Evidence, track: Track): Measured {
  const units = new Map<number, Histogram[]>();
  for (const window of evidence.windows[track]) {
    for (const { start, end } of processPairs(window, evidence.variant.dataPlaneRoles) ?? []) {
      if (start.runtime === null || end.runtime === null) continue;
      const pauses = bucketGrowth(start.runtime.gcPauses, end.runtime.gcPauses);
      units.set(window.replica, [...(units.get(window.replica) ?? []), pauses]);
    }
  }
  if (units.size === 0) return { state: 'absent', reason: NO_RUNTIME };
  const byReplica = new Map([...units].map(([replica, pauses]) => [replica, mergeHistograms(pauses)]));
  return quantileOf(unitHistograms(byReplica), 0.99, 'GC pauses', RUNTIME_BUCKET_WIDTH);
}

/** Samples that a cumulative histogram gained. Empty buckets may be left out of either, so match them by upper edge. */
export function bucketGrowth(start: BucketCounts, end: BucketCounts): Histogram {
  const before = new Map(start.upperNs.map((upper, index) => [upper, start.counts[index] ?? 0]));
  const gained = end.upperNs
    .map((upper, index) => ({
      upperNs: upper ?? Number.POSITIVE_INFINITY,
      count: (end.counts[index] ?? 0) - (before.get(upper) ?? 0),
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.upperNs - b.upperNs);
  return {
    valuesNs: Float64Array.from(gained, ({ upperNs }) => upperNs),
    counts: Float64Array.from(gained, ({ count }) => count),
    total: gained.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Voluntary and involuntary context switches over requests. */
export function contextSwitchesPerRequest(evidence: Evidence, track: Track): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  const missing = 'the kernel does not tell its processes’ context switches';
  return perRequest(evidence.windows[track], missing, 1, (window) => {
    const voluntary = growth(window, roles, (process) => process.voluntarySwitches);
    const involuntary = growth(window, roles, (process) => process.involuntarySwitches);
    return voluntary === null || involuntary === null ? null : voluntary + involuntary;
  });
}

/**
 * User- or kernel-mode CPU over requests, in µs, from windows of at least 2 s. The kernel's ticks give only the
 * split: they are scaled so that user and system together equal the processes' own clocks over the run.
 */
export function modePerRequest(evidence: Evidence, track: Track, mode: 'user' | 'system'): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  const windows = evidence.windows[track].filter(isLongEnough);
  if (windows.length === 0) return { state: 'absent', reason: tooShort(evidence, track) };
  const totals: TotalsByReplica = new Map();
  let clockMicros = 0;
  let tickMicros = 0;
  for (const window of windows) {
    const user = growth(window, roles, (process) => process.userMicros);
    const system = growth(window, roles, (process) => process.systemMicros);
    const cpuNs = cpuOf(window, roles);
    if (user === null || system === null || cpuNs === null) continue;
    clockMicros += cpuNs / 1000;
    tickMicros += user + system;
    addTotals(totals, window.replica, mode === 'user' ? user : system, window.requests);
  }
  if (totals.size > 0 && tickMicros === 0) {
    return { state: 'absent', reason: 'its processes used less CPU than the kernel’s ticks can split' };
  }
  return measuredOr(
    totals,
    clockMicros / tickMicros,
    'the kernel does not tell its processes’ user and system time',
  );
}

/**
 * Busy time of all cores (user, system, interrupts; not steal, which is another machine's) over requests in µs, less
 * what the machine does without traffic. Generator and service are in it, and equal for all variants in open load.
 */
export function machinePerRequest(evidence: Evidence, track: Track): Measured {
  const windows = evidence.windows[track].filter(isLongEnough);
  if (windows.length === 0) return { state: 'absent', reason: tooShort(evidence, track) };
  const idle = evidence.idle.map(busyMicros);
  const idleWall = evidence.idle.reduce(
    (sum, window, index) => sum + (idle[index] === null ? 0 : wallMicros(window)),
    0,
  );
  if (idleWall === 0)
    return { state: 'absent', reason: 'no stretch without traffic was measured as control' };
  const idleShare = idle.reduce<number>((sum, busy) => sum + (busy ?? 0), 0) / idleWall;
  return perRequest(windows, 'the kernel does not tell the cores’ time', 1, (window) => {
    const busy = busyMicros(window);
    return busy === null ? null : busy - idleShare * wallMicros(window);
  });
}

/** Sum of the resident set peaks of the data plane's processes, the largest of any window, in bytes. */
export function peakMemory(evidence: Evidence): Measured {
  const peaks = new Map<number, number>();
  for (const track of ['micro', 'long', 'cross-check'] as const) {
    for (const window of evidence.windows[track]) {
      const ends = processPairs(window, evidence.variant.dataPlaneRoles)?.map(({ end }) => end.rssPeakBytes);
      if (ends === undefined) continue;
      let sum = 0;
      for (const peak of ends) sum += peak ?? Number.NaN;
      if (!Number.isNaN(sum)) peaks.set(window.replica, Math.max(sum, peaks.get(window.replica) ?? 0));
    }
  }
  return peaks.size === 0
    ? { state: 'absent', reason: 'the kernel does not tell its processes’ memory' }
    : { state: 'measured', statistic: largest(peaks) };
}

/** Largest sum of the data plane's goroutines at the end of any window. */
export function mostGoroutines(evidence: Evidence): Measured {
  const most = new Map<number, number>();
  for (const track of ['micro', 'long', 'cross-check'] as const) {
    for (const window of evidence.windows[track]) {
      const ends = processPairs(window, evidence.variant.dataPlaneRoles) ?? [];
      if (ends.length === 0 || ends.some(({ end }) => end.runtime?.goroutines == null)) continue;
      const sum = ends.reduce((total, { end }) => total + (end.runtime?.goroutines ?? 0), 0);
      most.set(window.replica, Math.max(sum, most.get(window.replica) ?? 0));
    }
  }
  return most.size === 0
    ? { state: 'absent', reason: whyMissing(evidence, 'goroutines') }
    : { state: 'measured', statistic: largest(most) };
}

/** TLS handshakes towards upstreams over requests. */
export function handshakesPerRequest(evidence: Evidence, track: Track): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  return perRequest(evidence.windows[track], NO_WITNESS, 1, (window) =>
    growth(window, roles, (process) => process.witness?.handshakes),
  );
}

/** Fewer handshakes than this share of requests and their cost is lost in that of the requests. */
const FEWEST_HANDSHAKES_PER_REQUEST = 0.5;

/** CPU of the data plane over handshakes, in µs, where handshakes are what it mostly does. */
export function cpuPerHandshake(evidence: Evidence, track: Track): Measured {
  const roles = evidence.variant.dataPlaneRoles;
  const totals: TotalsByReplica = new Map();
  let handshakesSeen = 0;
  let requests = 0;
  for (const window of evidence.windows[track]) {
    const handshakes = growth(window, roles, (process) => process.witness?.handshakes);
    const cpuNs = cpuOf(window, roles);
    if (handshakes === null || cpuNs === null) continue;
    handshakesSeen += handshakes;
    requests += window.requests;
    addTotals(totals, window.replica, cpuNs / 1000, handshakes);
  }
  if (totals.size > 0 && handshakesSeen < FEWEST_HANDSHAKES_PER_REQUEST * requests) {
    const reason =
      handshakesSeen === 0
        ? 'it makes no TLS handshake while it is measured'
        : 'handshakes are too few among its requests to tell their cost';
    return { state: 'absent', reason };
  }
  return measuredOr(totals, 1, NO_WITNESS);
}

/** GC cycles of the proxies within the windows of a track, and whether it ever collected; null when unknown. */
export function gcActivity(
  evidence: Evidence,
  track: Track,
): { readonly cycles: number; readonly collects: boolean } | null {
  const { dataPlaneRoles } = evidence.variant;
  const proxies = proxyRoles(dataPlaneRoles);
  // An agent without a proxy beside it does nothing for a request, and has nothing to collect.
  if (proxies.length === 0 && dataPlaneRoles.length > 0) return { cycles: 0, collects: false };
  let cycles: number | null = null;
  let collects = false;
  for (const window of evidence.windows[track]) {
    const grown = growth(window, proxies, (process) => process.runtime?.gcCycles);
    if (grown === null) continue;
    cycles = (cycles ?? 0) + grown;
    collects ||= window.end.processes.some(
      (process) => proxies.includes(process.role) && (process.runtime?.gcCycles ?? 0) > 0,
    );
  }
  return cycles === null ? null : { cycles, collects };
}

/** Time of all cores in a window by kind, in µs; null when the edges do not list the same cores. */
export function coreTimes(
  window: WindowRecord,
  cores: readonly number[] | null,
): { readonly busy: number; readonly steal: number; readonly idle: number } | null {
  const sum = { busy: 0, steal: 0, idle: 0 };
  const starts = window.start.cores.filter((core) => cores === null || cores.includes(core.cpu));
  if (starts.length === 0) return null;
  for (const start of starts) {
    const end = window.end.cores.find((core) => core.cpu === start.cpu);
    if (end === undefined) return null;
    sum.busy +=
      end.userMicros -
      start.userMicros +
      (end.systemMicros - start.systemMicros) +
      (end.irqMicros - start.irqMicros) +
      (end.softirqMicros - start.softirqMicros);
    sum.steal += end.stealMicros - start.stealMicros;
    sum.idle += end.idleMicros - start.idleMicros;
  }
  return sum;
}

function busyMicros(window: WindowRecord): number | null {
  return coreTimes(window, null)?.busy ?? null;
}

function wallMicros(window: WindowRecord): number {
  return window.end.atMicros - window.start.atMicros;
}

function isLongEnough(window: WindowRecord): boolean {
  return wallMicros(window) >= SHORTEST_TICKED_MICROS;
}

function tooShort(evidence: Evidence, track: Track): string {
  return evidence.windows[track].length === 0
    ? `no ${track} slice that may decide was measured`
    : 'no window lasts 2 s, and the kernel counts this in ticks of 10 ms: use longer slices';
}

function perRequest(
  windows: readonly WindowRecord[],
  missing: string,
  scale: number,
  read: (window: WindowRecord) => number | null,
): Measured {
  const totals: TotalsByReplica = new Map();
  for (const window of windows) {
    const value = read(window);
    if (value !== null) addTotals(totals, window.replica, value, window.requests);
  }
  return measuredOr(totals, scale, windows.length === 0 ? 'nothing that may decide was measured' : missing);
}

function measuredOr(totals: TotalsByReplica, scale: number, missing: string): Measured {
  const statistic = quotient(totals, scale);
  return statistic.replicas.length === 0
    ? { state: 'absent', reason: missing }
    : { state: 'measured', statistic };
}
