/** What the witnesses of one variant are read from: its servers' counters, and the traffic that they are held against. */
import type { ProcessSnapshot, WindowRecord } from '../record/index.js';
import { type Evidence, processPairs, proxyRoles } from './evidence.js';

/** Witness values that are not counted up from zero: the largest seen counts … */
const GAUGES: ReadonlySet<string> = new Set(['workersPeak', 'workersBound', 'programsExpected']);
/** … or the least. */
const LEAST_GAUGES: ReadonlySet<string> = new Set(['programsAttached']);

type Counters = Readonly<Record<string, number>>;

export interface Traffic {
  /** A counter's growth within the windows, in each data-plane role. */
  readonly counters: ReadonlyMap<string, Counters>;
  /** Counters as they stood when the last window of each set of processes ended, added up, in every role. */
  readonly totals: ReadonlyMap<string, Counters>;
  /** Requests sent, warm-ups included. */
  readonly sent: number;
  /** Bytes that came back for them; the warm-ups' are taken at the pace of the measured requests. */
  readonly bytesReceived: number;
  readonly entryRole: string;
}

/** Sums up a variant's micro and long windows. */
export function trafficOf(evidence: Evidence): Traffic {
  const { dataPlaneRoles } = evidence.variant;
  const windows: readonly WindowRecord[] = [...evidence.windows.micro, ...evidence.windows.long];
  const counters = new Map<string, Record<string, number>>();
  for (const window of windows) {
    for (const { start, end } of processPairs(window, dataPlaneRoles) ?? []) addGrowth(counters, start, end);
  }
  const slices = [...evidence.usable.micro, ...evidence.usable.long];
  const bytesReceived = slices.reduce((sum, slice) => {
    const pace = slice.requests > 0 ? (slice.requests + slice.warmupRequests) / slice.requests : 1;
    return sum + (slice.bytesReceived + (slice.slow?.bytesReceived ?? 0)) * pace;
  }, 0);
  return {
    counters,
    totals: totalsOf(windows),
    sent: windows.reduce((sum, window) => sum + window.requests, 0),
    bytesReceived,
    entryRole: proxyRoles(dataPlaneRoles)[0] ?? 'service',
  };
}

function addGrowth(
  counters: Map<string, Record<string, number>>,
  start: ProcessSnapshot,
  end: ProcessSnapshot,
): void {
  if (start.witness === null || end.witness === null) return;
  const known = counters.get(end.role) ?? {};
  for (const [name, value] of Object.entries(end.witness)) {
    const before = known[name];
    if (GAUGES.has(name)) known[name] = Math.max(before ?? 0, value);
    else if (LEAST_GAUGES.has(name)) known[name] = Math.min(before ?? value, value);
    else known[name] = (before ?? 0) + value - (start.witness[name] ?? 0);
  }
  counters.set(end.role, known);
}

function totalsOf(windows: readonly WindowRecord[]): ReadonlyMap<string, Counters> {
  const latest = new Map<number, WindowRecord>();
  for (const window of windows) {
    const known = latest.get(window.replica);
    if (known === undefined || known.end.atMicros < window.end.atMicros) latest.set(window.replica, window);
  }
  const totals = new Map<string, Record<string, number>>();
  for (const { end } of latest.values()) {
    for (const { role, witness } of end.processes) {
      const known = totals.get(role) ?? {};
      for (const [name, value] of Object.entries(witness ?? {})) known[name] = (known[name] ?? 0) + value;
      totals.set(role, known);
    }
  }
  return totals;
}
