/**
 * Which CPU a slice is charged with. A collection that a slice's garbage causes may run when the slice is over, so
 * the account of a slice stays open until the same variant's next warm-up begins, less what the processes burn
 * without traffic (their idle control). The last slice of a part is closed by the reading at the part's end.
 */
import type { SliceRecord, Track, WindowRecord } from '../record/index.js';
import type { Evidence } from './evidence.js';
import { addTotals, type TotalsByReplica } from './statistic.js';

export interface CpuCharge {
  /** CPU in µs over requests, by unit. */
  readonly totals: TotalsByReplica;
  /** Share of the charged CPU that ran after its slice had ended; null when nothing was charged. */
  readonly outsideShare: number | null;
  /** Slices whose processes' clocks could not be read. */
  readonly unreadable: number;
}

/** Charges every slice of a track that may decide; the idle control is never clipped at nothing. */
export function chargeCpu(evidence: Evidence, track: Track): CpuCharge {
  const roles = evidence.variant.dataPlaneRoles;
  const totals: TotalsByReplica = new Map();
  let chargedNs = 0;
  let outsideNs = 0;
  let unreadable = 0;
  const ofTrack = evidence.slices.filter((slice) => slice.track === track);
  const usable = new Set(evidence.usable[track]);
  ofTrack.forEach((slice, index) => {
    // A slice that may not decide still ends its predecessor's account, as `next` below.
    if (!usable.has(slice)) return;
    const following = ofTrack[index + 1];
    const next =
      track === 'micro' && following?.round === slice.round && following.replica === slice.replica
        ? following
        : null;
    const window = evidence.windows[track].find((one) =>
      track === 'micro'
        ? one.round === slice.round && one.replica === slice.replica
        : one.sliceSeq === slice.seq,
    );
    const charge = chargeSlice(slice, next, window ?? null, roles, evidence.idleCpuShare ?? 0);
    if (charge === null) {
      unreadable++;
      return;
    }
    chargedNs += charge.insideNs + charge.outsideNs;
    outsideNs += charge.outsideNs;
    // The data plane served the slow clients' requests too.
    const served = slice.requests + (slice.slow?.requests ?? 0);
    addTotals(totals, slice.replica, (charge.insideNs + charge.outsideNs) / 1000, served);
  });
  return { totals, outsideShare: chargedNs > 0 ? outsideNs / chargedNs : null, unreadable };
}

function chargeSlice(
  slice: SliceRecord,
  next: SliceRecord | null,
  window: WindowRecord | null,
  roles: readonly string[],
  idleCpuShare: number,
): { insideNs: number; outsideNs: number } | null {
  const edges = slice.cpu.filter((edge) => roles.includes(edge.role));
  if (roles.some((role) => !edges.some((edge) => edge.role === role))) return null;
  let insideNs = 0;
  let outsideNs = 0;
  for (const edge of edges) {
    insideNs += edge.endNs - edge.startNs;
    const closedBy =
      next === null
        ? window?.end.processes.find((process) => process.pid === edge.pid)?.cpuNs
        : next.cpu.find((other) => other.pid === edge.pid)?.warmupStartNs;
    outsideNs += (closedBy ?? edge.endNs) - edge.endNs;
  }
  const closedAtMicros = next === null ? window?.end.atMicros : warmupStartMicros(next);
  const gapNs = Math.max(0, (closedAtMicros ?? slice.endedAtMicros) - slice.endedAtMicros) * 1000;
  return { insideNs, outsideNs: outsideNs - idleCpuShare * gapNs };
}

/**
 * When a slice's warm-up began, in epoch µs. The record has the CPU clock of that moment but not the time of day, so
 * the warm-up's length is taken at the measured part's own pace. An error of 10 ms here moves the idle control by
 * 10 ms of an idle process, some microseconds.
 */
function warmupStartMicros(slice: SliceRecord): number {
  const measuredMicros = slice.endedAtMicros - slice.startedAtMicros;
  const warmupMicros = slice.requests > 0 ? (measuredMicros * slice.warmupRequests) / slice.requests : 0;
  return slice.startedAtMicros - warmupMicros;
}
