/**
 * Where the noise of a comparison comes from: single slices, stretches of a replica, or the start of processes. Nested analysis
 * of variance with random effects, balanced by leaving out what is over (Searle, Casella and McCulloch 1992, "Variance
 * Components", section 3.6; a component that comes out below 0 is 0).
 */
import type { RunVariant, SliceRecord } from '../record/index.js';

export interface VarianceSplit {
  /** Shares of the variance of the whole figure; they add up to 1. */
  readonly restart: number;
  readonly stretch: number;
  readonly slice: number;
}

/** Stretches that a replica's slices are cut into, in the order of time. */
const STRETCHES = 4;
const FEWEST_REPLICAS = 4;
/** Slices of a stretch, with which it has a spread. */
const FEWEST_SLICES = 2;

/** A variant, and whose CPU counts as its data plane's. */
export type Subject = Pick<RunVariant, 'id' | 'dataPlaneRoles'>;

/**
 * What restarts, stretches and slices add to the error of candidate / baseline in CPU per request, from short slices.
 * Null where there are too few of them, or where nothing varies.
 */
export function varianceSplitOf(
  slices: readonly SliceRecord[],
  candidate: Subject,
  baseline: Subject,
): VarianceSplit | null {
  const replicas = pairedByReplica(slices, candidate, baseline);
  const each = Math.min(...replicas.map((ratios) => Math.floor(ratios.length / STRETCHES)));
  if (replicas.length < FEWEST_REPLICAS || each < FEWEST_SLICES) return null;
  return splitOf(
    replicas.map((ratios) =>
      Array.from({ length: STRETCHES }, (_, at) => ratios.slice(at * each, (at + 1) * each)),
    ),
  );
}

/** The split for values by group and subgroup, all of one size. Null where nothing varies. */
export function splitOf(groups: readonly (readonly (readonly number[])[])[]): VarianceSplit | null {
  const [subgroups, size] = [groups[0]?.length ?? 0, groups[0]?.[0]?.length ?? 0];
  const means = groups.map((group) => group.map(meanOf));
  const groupMeans = means.map(meanOf);
  const withinSubgroup = meanOf(groups.flatMap((group) => group.map(varianceOf)));
  const ofSubgroups = size * meanOf(means.map(varianceOf));
  const ofGroups = size * subgroups * varianceOf(groupMeans);
  // Each mean square holds what is below it; what it has beyond that is its own.
  const slice = withinSubgroup;
  const stretch = Math.max(0, ofSubgroups - withinSubgroup);
  const restart = Math.max(0, ofGroups - Math.max(ofSubgroups, withinSubgroup));
  const all = slice + stretch + restart;
  return all > 0 ? { restart: restart / all, stretch: stretch / all, slice: slice / all } : null;
}

/** Logs of the ratio of CPU per request in each block of short slices, in the order of time, by replica. */
function pairedByReplica(
  slices: readonly SliceRecord[],
  candidate: Subject,
  baseline: Subject,
): readonly (readonly number[])[] {
  const costs = new Map<number, { readonly replica: number; readonly byVariant: Map<string, number> }>();
  for (const slice of slices) {
    const { dataPlaneRoles = [] } = [candidate, baseline].find(({ id }) => id === slice.variant) ?? {};
    const cpuNs = slice.cpu
      .filter(({ role }) => dataPlaneRoles.includes(role))
      .reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
    if (slice.track !== 'micro' || slice.status.state !== 'measured' || cpuNs <= 0) continue;
    const block = costs.get(slice.block) ?? { replica: slice.replica, byVariant: new Map() };
    block.byVariant.set(slice.variant, cpuNs / slice.requests);
    costs.set(slice.block, block);
  }
  const replicas = new Map<number, number[]>();
  for (const [, { replica, byVariant }] of [...costs].sort(([a], [b]) => a - b)) {
    const [own, other] = [byVariant.get(candidate.id), byVariant.get(baseline.id)];
    if (own === undefined || other === undefined) continue;
    replicas.set(replica, [...(replicas.get(replica) ?? []), Math.log(own / other)]);
  }
  return [...replicas.values()];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** With n − 1 in the denominator. */
function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
