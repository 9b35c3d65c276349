/**
 * What offloading cryptography could save at most, from CPU profiles: a bound, and no measurement of any device.
 *
 * By Amdahl's law (AFIPS 1967) work that takes the share p of a program's CPU saves at most p of it when it costs
 * nothing any more, and 1 − p remains. A real device is handed its work and asked for its results by the same CPU, so
 * that it saves less.
 */
import {
  CPU_CATEGORIES,
  type CpuCategory,
  type OffloadCeiling,
  type PlannedAnalysis,
  type ProfileRecord,
  type RunVariant,
} from '../record/index.js';
import { FEWEST_UNITS } from './jackknife.js';
import { shareOfTotals } from './share.js';

/** With fewer the standard error of a share may be above 1/(2·√300) = 2.9 points, whatever the units say. */
const FEWEST_SAMPLES = 300;
const TOP_FUNCTIONS = 5;

/** What each kind of device could take over. */
const OFFLOADED = {
  privateKey: ['privateKey'],
  asymmetric: ['privateKey', 'keyExchange', 'keyEncapsulation', 'verification'],
  privateKeyAndSymmetric: ['privateKey', 'symmetric'],
} as const satisfies Record<string, readonly CpuCategory[]>;

/**
 * How many times as much traffic the same CPU could carry at most when the share `offloaded` of it costs nothing any
 * more: 1/(1 − p). Infinite for 1. Throws RangeError outside [0, 1].
 */
export function amdahlSpeedUp(offloaded: number): number {
  if (!(offloaded >= 0 && offloaded <= 1)) throw new RangeError(`${offloaded} is no share`);
  return 1 / (1 - offloaded);
}

/**
 * The bound for each variant that has a data plane. All processes of a variant in one replica count together, since a
 * reader pays for them together. Undefined where the scenario asked for none.
 */
export function offloadCeilingsOf(
  planned: PlannedAnalysis,
  variants: readonly RunVariant[],
  profiles: readonly ProfileRecord[],
): OffloadCeiling[] | undefined {
  const wanted = planned.offloadCeiling;
  if (wanted === undefined) return undefined;
  return variants
    .filter(({ kind }) => kind !== 'direct')
    .map((variant) => {
      const reason = variant.status === 'unavailable' ? variant.reason : (wanted.leftOut[variant.id] ?? null);
      if (reason !== null) return withoutShares(variant.id, [], reason);
      const own = profiles.filter((profile) => profile.variant === variant.id);
      return ceilingOf(variant, own, planned.confidence);
    });
}

function ceilingOf(
  variant: RunVariant,
  profiles: readonly ProfileRecord[],
  confidence: number,
): OffloadCeiling {
  const units = wholeReplicas(profiles, variant.dataPlaneRoles);
  const used = units.flat();
  const samples = used.reduce((sum, profile) => sum + profile.samples, 0);
  if (used.length === 0) return withoutShares(variant.id, used, 'no profile of all its processes was taken');
  if (samples < FEWEST_SAMPLES) {
    return withoutShares(
      variant.id,
      used,
      `its profiles have only ${samples} samples; ${FEWEST_SAMPLES} are needed, so make \`offloadCeiling.duration\` longer or take more replicas`,
    );
  }
  const shareOf = (categories: readonly CpuCategory[]) =>
    shareOfTotals(
      units.map((unit) => ({ numerator: samplesOf(unit, categories), denominator: samplesOf(unit) })),
      confidence,
    );
  return {
    variant: variant.id,
    samples,
    replicas: units.length,
    shares: byCategory((category) => shareOf([category])),
    bounds: {
      privateKey: shareOf(OFFLOADED.privateKey),
      asymmetric: shareOf(OFFLOADED.asymmetric),
      privateKeyAndSymmetric: shareOf(OFFLOADED.privateKeyAndSymmetric),
    },
    profiledOverClock: profiledOverClock(used),
    top: byCategory((category) => topOf(used, category, samples)),
    reason:
      units.length < FEWEST_UNITS
        ? `${units.length} ${units.length === 1 ? 'set' : 'sets'} of fresh processes cannot carry an interval; ${FEWEST_UNITS} are needed`
        : null,
  };
}

function withoutShares(variant: string, used: readonly ProfileRecord[], reason: string): OffloadCeiling {
  return {
    variant,
    samples: used.reduce((sum, profile) => sum + profile.samples, 0),
    replicas: new Set(used.map(({ replica }) => replica)).size,
    shares: null,
    bounds: null,
    profiledOverClock: profiledOverClock(used),
    top: byCategory(() => []),
    reason,
  };
}

/** Profiles by replica, of those in which every process of the data plane has samples or was at least asked. */
function wholeReplicas(
  profiles: readonly ProfileRecord[],
  roles: readonly string[],
): readonly (readonly ProfileRecord[])[] {
  const byReplica = new Map<number, ProfileRecord[]>();
  for (const profile of profiles) {
    byReplica.set(profile.replica, [...(byReplica.get(profile.replica) ?? []), profile]);
  }
  return [...byReplica.values()].filter(
    (unit) => roles.every((role) => unit.some((profile) => profile.role === role)) && samplesOf(unit) > 0,
  );
}

function samplesOf(
  profiles: readonly ProfileRecord[],
  categories: readonly CpuCategory[] = CPU_CATEGORIES,
): number {
  return profiles.reduce(
    (sum, profile) =>
      sum + categories.reduce((part, category) => part + profile.categories[category].samples, 0),
    0,
  );
}

function byCategory<T>(compute: (category: CpuCategory) => T): Record<CpuCategory, T> {
  return Object.fromEntries(CPU_CATEGORIES.map((category) => [category, compute(category)])) as Record<
    CpuCategory,
    T
  >;
}

/** Null unless every process had a clock that could be read: a part of them would be compared with the whole. */
function profiledOverClock(profiles: readonly ProfileRecord[]): number | null {
  const clock = profiles.map(({ processCpuNs }) => processCpuNs);
  if (clock.some((ns) => ns === null)) return null;
  const used = clock.reduce<number>((sum, ns) => sum + (ns ?? 0), 0);
  return used > 0 ? profiles.reduce((sum, profile) => sum + profile.profiledCpuNs, 0) / used : null;
}

function topOf(
  profiles: readonly ProfileRecord[],
  category: CpuCategory,
  samples: number,
): OffloadCeiling['top'][CpuCategory] {
  const counts = new Map<string, number>();
  for (const profile of profiles) {
    for (const { function: name, samples: own } of profile.categories[category].top) {
      counts.set(name, (counts.get(name) ?? 0) + own);
    }
  }
  return [...counts]
    .sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1))
    .slice(0, TOP_FUNCTIONS)
    .map(([name, own]) => ({ function: name, share: own / samples }));
}
