/** Do the slowest requests coincide with the data plane's GC pauses more often than chance would have it? */
import type { GcTail, PlannedAnalysis, SliceRecord, WindowRecord } from '../record/index.js';
import { type Evidence, proxyRoles } from './evidence.js';
import { FEWEST_UNITS, interval, jackknife } from './jackknife.js';

/** The share of a slice's requests that counts as its tail. */
const TAIL_SHARE = 0.01;
/** Fewer slow requests than this say nothing about what they coincide with. */
const FEWEST_SLOW = 50;

/** What one set of fresh processes adds. */
interface Sums {
  slow: number;
  overlapping: number;
  /** Sum over the slow requests of the probability that one of that length, placed anywhere, meets a pause. */
  expected: number;
}

type Pause = readonly [fromMicros: number, toMicros: number];

/** Per variant with a data plane, from its long slices; undefined where no slice has a tail, as in older records. */
export function gcTailsOf(
  planned: PlannedAnalysis,
  evidence: ReadonlyMap<string, Evidence>,
): GcTail[] | undefined {
  const tails = [...evidence.values()].flatMap((one) => {
    const slices = one.usable.long.filter(({ tail }) => tail != null);
    if (one.variant.dataPlaneRoles.length === 0 || slices.length === 0) return [];
    return [gcTailOf(one, slices, planned.confidence)];
  });
  return tails.length === 0 ? undefined : tails;
}

function gcTailOf(evidence: Evidence, slices: readonly SliceRecord[], confidence: number): GcTail {
  const { variant } = evidence;
  const absent = (reason: string): GcTail => ({ ...NOTHING, variant: variant.id, reason });
  if (variant.status === 'not-exercised') return absent('it did not do what its name says');
  const units = new Map<number, Sums>();
  let pauses = 0;
  const windows = new Map(evidence.windows.long.map((window) => [window.sliceSeq, window] as const));
  for (const slice of slices) {
    const window = windows.get(slice.seq);
    const told = window === undefined ? null : pausesOf(window, proxyRoles(variant.dataPlaneRoles));
    if (told === null) return absent('its processes do not tell when they paused');
    pauses += told.length;
    addSlice(slice, told, units);
  }
  const all = [...units.values()];
  const slow = total(all, 'slow');
  if (slow < FEWEST_SLOW) return absent(`${slow} slow requests say nothing; it takes ${FEWEST_SLOW}`);
  if (pauses === 0) return absent('it did not collect in a long slice');
  const excess = (sums: readonly Sums[]) =>
    (total(sums, 'overlapping') - total(sums, 'expected')) / total(sums, 'slow');
  const bounded = all.length >= FEWEST_UNITS;
  const range = bounded
    ? interval(
        jackknife(
          excess(all),
          all.map((_, index) => excess(all.filter((__, other) => other !== index))),
        ),
        confidence,
      )
    : null;
  return {
    variant: variant.id,
    slowRequests: slow,
    pauses,
    share: total(all, 'overlapping') / slow,
    chance: total(all, 'expected') / slow,
    excess: excess(all),
    low: range?.low ?? null,
    high: range?.high ?? null,
    reason: null,
  };
}

const NOTHING = {
  slowRequests: 0,
  pauses: 0,
  share: null,
  chance: null,
  excess: null,
  low: null,
  high: null,
} as const;

function total(sums: readonly Sums[], key: keyof Sums): number {
  return sums.reduce((sum, one) => sum + one[key], 0);
}

/** The pauses of every proxy in a window, by rising start; null when one does not tell, or has forgotten some. */
function pausesOf(window: WindowRecord, roles: readonly string[]): Pause[] | null {
  const own = window.end.processes.filter(({ role }) => roles.includes(role));
  const pauses: Pause[] = [];
  if (own.length === 0) return null;
  for (const { runtime } of own) {
    const recent = runtime?.recentPauses;
    if (recent == null || recent.lost > 0) return null;
    for (const [endMicros, durationNs] of pairsOf(recent.pauses))
      pauses.push([endMicros - durationNs / 1000, endMicros]);
  }
  return pauses.sort(([a], [b]) => a - b);
}

/** Two numbers at a time. */
function pairsOf(flat: readonly number[]): (readonly [number, number])[] {
  return Array.from(
    { length: flat.length >> 1 },
    (_, index) => [flat[2 * index] ?? 0, flat[2 * index + 1] ?? 0] as const,
  );
}

function addSlice(slice: SliceRecord, pauses: readonly Pause[], units: Map<number, Sums>): void {
  const { tail } = slice;
  if (tail == null) return;
  const slowest = pairsOf(tail.requests)
    .sort(([, a], [, b]) => b - a)
    .slice(0, Math.ceil(TAIL_SHARE * slice.requests));
  const sums = units.get(slice.replica) ?? { slow: 0, overlapping: 0, expected: 0 };
  units.set(slice.replica, sums);
  for (const [endMicros, latencyNs] of slowest) {
    const lengthMicros = latencyNs / 1000;
    const startMicros = endMicros - lengthMicros;
    sums.slow += 1;
    if (pauses.some(([from, to]) => from <= endMicros && startMicros <= to)) sums.overlapping += 1;
    sums.expected += chanceOf(lengthMicros, pauses, tail.fromMicros, tail.toMicros);
  }
}

/** Share of the places for an interval of that length within the slice at which it meets a pause. */
function chanceOf(
  lengthMicros: number,
  pauses: readonly Pause[],
  fromMicros: number,
  toMicros: number,
): number {
  const lastStart = toMicros - lengthMicros;
  if (lastStart <= fromMicros) return pauses.length > 0 ? 1 : 0;
  let covered = 0;
  let reached = fromMicros;
  for (const [from, to] of pauses) {
    const start = Math.max(reached, from - lengthMicros);
    const end = Math.min(lastStart, to);
    if (end <= start) continue;
    covered += end - start;
    reached = end;
  }
  return covered / (lastStart - fromMicros);
}
