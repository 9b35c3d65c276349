/** What the windows around slices say about each variant: switches, garbage collection, and the machine's cores. */
import type {
  BucketCounts,
  CoreSnapshot,
  ProcessSnapshot,
  RunRecord,
  WindowRecord,
} from '../record/index.js';

export interface PauseBucket {
  /** Upper edge in ns; null is beyond the runtime's last bucket. */
  readonly upperNs: number | null;
  readonly count: number;
}

export interface RuntimeFigures {
  readonly gcCycles: number;
  /** Ascending by edge, empty buckets left out. */
  readonly pauses: readonly PauseBucket[];
  /** Largest live heap, summed over the data plane's processes, at any edge. */
  readonly heapLiveBytes: number;
  /** Most goroutines, summed over the data plane's processes, at any edge. */
  readonly goroutines: number;
}

/** TLS handshakes that the data plane completed towards its upstreams, per request. */
export interface HandshakeFigures {
  readonly full: number;
  readonly resumed: number;
  /** Of those resumed, the ones that carried early data. */
  readonly early: number;
}

export interface WindowFigures {
  readonly id: string;
  /** Context switches per request of the data plane; null where no window could be read. */
  readonly voluntary: number | null;
  readonly involuntary: number | null;
  /** Null when the data plane has no managed runtime that could be read. */
  readonly runtime: RuntimeFigures | null;
  /** How the data plane's CPU is shared out among its processes, by role; empty where a clock could not be read. */
  readonly cpuShares: readonly { readonly role: string; readonly share: number }[];
  /** Null where no TLS handshake was counted. */
  readonly handshakes: HandshakeFigures | null;
  /** Busiest of the generator's cores over long windows, as a fraction; null without long windows. */
  readonly generatorCoreBusy: number | null;
  /** Stolen time over all time of all cores in long windows, as a fraction. */
  readonly steal: number | null;
}

/** Figures of every variant, in the run's order. Windows of the cross-check and idle stretches do not enter. */
export function windowFigures(run: RunRecord, windows: readonly WindowRecord[]): readonly WindowFigures[] {
  return run.variants.map((variant) => {
    const own = windows.filter(
      (window) => window.variant === variant.id && (window.track === 'micro' || window.track === 'long'),
    );
    const roles = new Set(variant.dataPlaneRoles);
    const long = own.filter((window) => window.track === 'long');
    return {
      id: variant.id,
      ...switchesOf(own, roles),
      runtime: runtimeOf(own, roles),
      cpuShares: cpuSharesOf(own, variant.dataPlaneRoles),
      handshakes: handshakesOf(own, roles),
      generatorCoreBusy: busiestCore(long, new Set(run.isolation.generatorCores)),
      steal: stealShare(long),
    };
  });
}

/** Start and end of the same data-plane process in one window. */
function* processPairs(
  windows: readonly WindowRecord[],
  roles: ReadonlySet<string>,
): Generator<readonly [ProcessSnapshot, ProcessSnapshot]> {
  for (const window of windows) {
    for (const end of window.end.processes) {
      if (!roles.has(end.role)) continue;
      const start = window.start.processes.find((other) => other.pid === end.pid && other.role === end.role);
      if (start !== undefined) yield [start, end];
    }
  }
}

function switchesOf(
  windows: readonly WindowRecord[],
  roles: ReadonlySet<string>,
): Pick<WindowFigures, 'voluntary' | 'involuntary'> {
  const requests = windows.reduce((sum, window) => sum + window.requests, 0);
  let voluntary = 0;
  let involuntary = 0;
  let read = false;
  for (const [start, end] of processPairs(windows, roles)) {
    if (start.voluntarySwitches === null || end.voluntarySwitches === null) continue;
    if (start.involuntarySwitches === null || end.involuntarySwitches === null) continue;
    read = true;
    voluntary += end.voluntarySwitches - start.voluntarySwitches;
    involuntary += end.involuntarySwitches - start.involuntarySwitches;
  }
  if (!read || requests === 0) return { voluntary: null, involuntary: null };
  return { voluntary: voluntary / requests, involuntary: involuntary / requests };
}

function cpuSharesOf(windows: readonly WindowRecord[], roles: readonly string[]): WindowFigures['cpuShares'] {
  const used = new Map(roles.map((role) => [role, 0]));
  for (const [start, end] of processPairs(windows, new Set(roles))) {
    if (start.cpuNs === null || end.cpuNs === null) return [];
    used.set(end.role, (used.get(end.role) ?? 0) + end.cpuNs - start.cpuNs);
  }
  const all = [...used.values()].reduce((sum, ns) => sum + ns, 0);
  return all <= 0 ? [] : [...used].map(([role, ns]) => ({ role, share: ns / all }));
}

function handshakesOf(windows: readonly WindowRecord[], roles: ReadonlySet<string>): HandshakeFigures | null {
  const requests = windows.reduce((sum, window) => sum + window.requests, 0);
  const gained = { handshakes: 0, handshakesResumed: 0, handshakesEarly: 0 };
  for (const [start, end] of processPairs(windows, roles)) {
    for (const counter of Object.keys(gained) as (keyof typeof gained)[]) {
      gained[counter] += (end.witness?.[counter] ?? 0) - (start.witness?.[counter] ?? 0);
    }
  }
  if (gained.handshakes <= 0 || requests === 0) return null;
  return {
    full: (gained.handshakes - gained.handshakesResumed) / requests,
    resumed: gained.handshakesResumed / requests,
    early: gained.handshakesEarly / requests,
  };
}

function runtimeOf(windows: readonly WindowRecord[], roles: ReadonlySet<string>): RuntimeFigures | null {
  let read = false;
  let gcCycles = 0;
  const pauses = new Map<number, number>();
  for (const [start, end] of processPairs(windows, roles)) {
    if (start.runtime === null || end.runtime === null) continue;
    read = true;
    gcCycles += end.runtime.gcCycles - start.runtime.gcCycles;
    addBuckets(pauses, end.runtime.gcPauses, 1);
    addBuckets(pauses, start.runtime.gcPauses, -1);
  }
  if (!read) return null;
  return {
    gcCycles,
    pauses: [...pauses]
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => a - b)
      .map(([upper, count]) => ({ upperNs: Number.isFinite(upper) ? upper : null, count })),
    heapLiveBytes: largestGauge(windows, roles, (process) => process.runtime?.heapLiveBytes ?? 0),
    goroutines: largestGauge(windows, roles, (process) => process.runtime?.goroutines ?? 0),
  };
}

function addBuckets(into: Map<number, number>, buckets: BucketCounts, sign: 1 | -1): void {
  buckets.upperNs.forEach((edge, index) => {
    const upper = edge ?? Number.POSITIVE_INFINITY;
    into.set(upper, (into.get(upper) ?? 0) + sign * (buckets.counts[index] ?? 0));
  });
}

function largestGauge(
  windows: readonly WindowRecord[],
  roles: ReadonlySet<string>,
  read: (process: ProcessSnapshot) => number,
): number {
  let largest = 0;
  for (const window of windows) {
    for (const edge of [window.start, window.end]) {
      let sum = 0;
      for (const process of edge.processes) if (roles.has(process.role)) sum += read(process);
      largest = Math.max(largest, sum);
    }
  }
  return largest;
}

interface CoreTime {
  busy: number;
  total: number;
  steal: number;
}

function coreTimes(windows: readonly WindowRecord[]): ReadonlyMap<number, CoreTime> {
  const times = new Map<number, CoreTime>();
  for (const window of windows) {
    for (const end of window.end.cores) {
      const start = window.start.cores.find((core) => core.cpu === end.cpu);
      if (start === undefined) continue;
      const time = times.get(end.cpu) ?? { busy: 0, total: 0, steal: 0 };
      const busy = busyMicros(end) - busyMicros(start);
      const steal = end.stealMicros - start.stealMicros;
      time.busy += busy;
      time.steal += steal;
      time.total += busy + steal + end.idleMicros - start.idleMicros;
      times.set(end.cpu, time);
    }
  }
  return times;
}

function busyMicros(core: CoreSnapshot): number {
  return core.userMicros + core.systemMicros + core.irqMicros + core.softirqMicros;
}

function busiestCore(windows: readonly WindowRecord[], cores: ReadonlySet<number>): number | null {
  let busiest: number | null = null;
  for (const [cpu, time] of coreTimes(windows)) {
    if (!cores.has(cpu) || time.total <= 0) continue;
    busiest = Math.max(busiest ?? 0, time.busy / time.total);
  }
  return busiest;
}

function stealShare(windows: readonly WindowRecord[]): number | null {
  let steal = 0;
  let total = 0;
  for (const time of coreTimes(windows).values()) {
    steal += time.steal;
    total += time.total;
  }
  return total <= 0 ? null : steal / total;
}
