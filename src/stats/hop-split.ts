/**
 * Where a request's mean time goes. Each server adds up how long it had its requests and how long it waited for the
 * next step, so means subtract exactly where percentiles would not: what a proxy waited longer than the next server
 * worked went by on the way between them.
 */
import {
  decodeHistogram,
  type HopSplit,
  type SliceRecord,
  type Track,
  type WindowRecord,
} from '../record/index.js';
import { estimateLevel } from './comparison.js';
import { type Evidence, proxyRoles } from './evidence.js';
import { addTotals, quotient, type TotalsByReplica } from './statistic.js';

const SERVICE = 'service';

/** Time that one server's own clock counted in a window, in ns. */
interface Times {
  readonly servedNs: number;
  readonly upstreamNs: number;
  readonly requests: number;
}

/** The split of a variant from one track, or null where its servers did not time their hops. */
export function hopSplitOf(evidence: Evidence, track: Track, confidence: number): HopSplit | null {
  const { id } = evidence.variant;
  const proxies = proxyRoles(evidence.variant.dataPlaneRoles);
  const path = [...proxies, SERVICE];
  const parts = new Map<string, TotalsByReplica>();
  const add = (name: string, replica: number, ns: number, requests: number) => {
    const totals = parts.get(name) ?? new Map();
    parts.set(name, totals);
    addTotals(totals, replica, ns, requests);
  };
  let requests = 0;
  for (const window of evidence.windows[track]) {
    const times = path.map((role) => timesOf(window, role));
    if (proxies.length === 0 || times.some((one) => one === null)) continue;
    const known = times.filter((one) => one !== null);
    requests += known[0]?.requests ?? 0;
    known.forEach((own, index) => {
      const role = path[index] ?? '';
      const next = known[index + 1];
      if (next === undefined) {
        add(role, window.replica, own.servedNs, own.requests);
        return;
      }
      add(`${role} sidecar`, window.replica, own.servedNs - own.upstreamNs, own.requests);
      // The two counted the same requests but for those that were under way when the counters were read.
      const nextNs = next.requests > 0 ? (next.servedNs / next.requests) * own.requests : 0;
      add(`wire ${role} → ${path[index + 1]}`, window.replica, own.upstreamNs - nextNs, own.requests);
    });
  }
  if (parts.size === 0) return null;
  addClient(parts, evidence, track, path);
  return {
    variant: id,
    requests,
    parts: [...parts].map(([name, totals]) => {
      const { value, low, high } = estimateLevel(
        { state: 'measured', statistic: quotient(totals, 1e-3) },
        confidence,
      );
      return { name, meanMicros: value ?? 0, low, high };
    }),
  };
}

/** The way from the client to the first proxy: what the client waited from sending, less what the proxy took. */
function addClient(
  parts: Map<string, TotalsByReplica>,
  evidence: Evidence,
  track: Track,
  path: readonly string[],
): void {
  const waited = new Map<number, { ns: number; requests: number }>();
  for (const slice of evidence.usable[track]) {
    const own = waitedIn(slice);
    const sum = waited.get(slice.replica) ?? { ns: 0, requests: 0 };
    waited.set(slice.replica, { ns: sum.ns + own.ns, requests: sum.requests + own.requests });
  }
  const first: TotalsByReplica = new Map();
  const others = [...parts.values()];
  for (const [replica, { ns, requests }] of waited) {
    if (requests === 0) continue;
    const inside = others.reduce((sum, totals) => {
      const unit = totals.get(replica);
      return sum + (unit === undefined || unit.denominator === 0 ? 0 : unit.numerator / unit.denominator);
    }, 0);
    addTotals(first, replica, ns - inside * requests, requests);
  }
  if (first.size === 0) return;
  const rest = [...parts];
  parts.clear();
  parts.set(`wire client → ${path[0]}`, first);
  for (const [name, totals] of rest) parts.set(name, totals);
}

function waitedIn(slice: SliceRecord): { ns: number; requests: number } {
  const encoded = slice.sendLatency ?? slice.latency;
  if (encoded === null) return { ns: 0, requests: 0 };
  const { valuesNs, counts, total } = decodeHistogram(encoded);
  let ns = 0;
  for (let index = 0; index < valuesNs.length; index++) {
    ns += (valuesNs[index] ?? 0) * (counts[index] ?? 0);
  }
  return { ns, requests: total };
}

function timesOf(window: WindowRecord, role: string): Times | null {
  const start = window.start.processes.find((process) => process.role === role);
  const end = window.end.processes.find((process) => process.role === role && process.pid === start?.pid);
  if (!start?.witness || !end?.witness) return null;
  const grown = (counter: string) => (end.witness?.[counter] ?? 0) - (start.witness?.[counter] ?? 0);
  const requests = grown('timedRequests');
  return requests > 0 ? { servedNs: grown('servedNs'), upstreamNs: grown('upstreamNs'), requests } : null;
}
