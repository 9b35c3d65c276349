/**
 * Where a series of runs changed, by hierarchical divisive estimation (E-divisive): Matteson and James 2014, "A
 * Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", J. Am. Stat. Assoc. 109, sections 2
 * and 3. Daly et al. 2020, "The Use of Change Point Detection to Identify Software Performance Regressions in a
 * Continuous Integration System" (ICPE), is where it was first used for what it is used for here.
 *
 * Nothing is assumed of the distribution but that values between two changes could have come in any order; README.md
 * beside this file says what happens where that does not hold.
 */
import { createRandom, type Random } from '../stats/index.js';

/** Values on either side of a change. With two, a single outlier and its neighbour would be a change. */
export const FEWEST_ON_A_SIDE = 3;

/** A change is called one when chance alone would show a larger one in fewer series than this share. */
export const SIGNIFICANCE = 0.01;

const PERMUTATIONS = 999;

export interface ChangePoint {
  /** The first value after the change. */
  readonly index: number;
  /** Share of shuffled series whose largest change is at least as large: 1/1000 at the least. */
  readonly p: number;
}

interface Candidate {
  readonly index: number;
  readonly statistic: number;
}

/** From `start` to before `end`. */
interface Segment {
  readonly start: number;
  readonly end: number;
}

/**
 * Indices of the values that begin something new, in their order. The largest change is looked for first, then the
 * largest within the parts it left, until the largest could be chance. Equal input gives equal output: the shuffles
 * have a seed of their own.
 */
export function changePoints(values: readonly number[], significance = SIGNIFICANCE): ChangePoint[] {
  const random = createRandom(values.length);
  const found: ChangePoint[] = [];
  for (;;) {
    const segments = segmentsBetween(found, values.length);
    const best = largestChange(Float64Array.from(values), segments);
    if (best === null) return found;
    const p = permutationP(values, segments, best.statistic, significance, random);
    if (p === null) return found;
    found.push({ index: best.index, p });
    found.sort((a, b) => a.index - b.index);
  }
}

function segmentsBetween(found: readonly ChangePoint[], length: number): Segment[] {
  const edges = [0, ...found.map(({ index }) => index), length];
  return edges.slice(1).map((end, index) => ({ start: edges[index] ?? 0, end }));
}

/**
 * The share of shuffles, within each segment, whose largest change is at least as large: (1 + these)/(1 + shuffles).
 * Null as soon as it cannot fall to `significance` any more, which is the same decision for a fraction of the work.
 */
function permutationP(
  values: readonly number[],
  segments: readonly Segment[],
  observed: number,
  significance: number,
  random: Random,
): number | null {
  const most = Math.floor(significance * (PERMUTATIONS + 1)) - 1;
  const shuffled = Float64Array.from(values);
  let larger = 0;
  for (let i = 0; i < PERMUTATIONS && larger <= most; i++) {
    for (const segment of segments) shuffle(shuffled, segment, random);
    const best = largestChange(shuffled, segments);
    if (best !== null && best.statistic >= observed * (1 - 1e-12)) larger++;
  }
  return larger > most ? null : (1 + larger) / (PERMUTATIONS + 1);
}

/** Fisher and Yates's shuffle of one segment, in its place. */
function shuffle(values: Float64Array, { start, end }: Segment, random: Random): void {
  for (let i = end - 1; i > start; i--) {
    const j = start + random.integer(i - start + 1);
    const value = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = value;
  }
}

function largestChange(values: Float64Array, segments: readonly Segment[]): Candidate | null {
  let best: Candidate | null = null;
  for (const { start, end } of segments) {
    const own = largestIn(values.subarray(start, end));
    if (own !== null && (best === null || own.statistic > best.statistic)) {
      best = { index: start + own.index, statistic: own.statistic };
    }
  }
  return best;
}

/**
 * The split (τ, κ) of one segment that maximises Q̂ of the values before τ and those from τ to before κ (equations 5
 * and 7 there, with α = 1): mn/(m + n) times twice the mean distance across less the mean distance within either side,
 * which is 2/(m + n) times the sum across less n/(m − 1) times that within the left and m/(n − 1) times that within the
 * right. What comes after κ is left out, since it may belong to a later change. Null where the segment is too short.
 */
function largestIn(values: Float64Array): Candidate | null {
  const length = values.length;
  if (length < 2 * FEWEST_ON_A_SIDE) return null;
  const before = distancesAmongFirst(values);
  const inverse = Float64Array.from({ length: length + 1 }, (_, count) => 1 / count);
  // toLeft[j]: sum of distances of value j to all values before τ.
  const toLeft = new Float64Array(length);
  let best: Candidate = { index: 0, statistic: Number.NEGATIVE_INFINITY };
  for (let tau = 1; tau <= length - FEWEST_ON_A_SIDE; tau++) {
    const joined = values[tau - 1] ?? 0;
    for (let j = tau; j < length; j++) {
      toLeft[j] = (toLeft[j] ?? 0) + Math.abs((values[j] ?? 0) - joined);
    }
    if (tau < FEWEST_ON_A_SIDE) continue;
    const withinLeft = before[tau] ?? 0;
    const leftShare = withinLeft * (inverse[tau - 1] ?? 0);
    let across = 0;
    for (let j = tau; j < length; j++) {
      across += toLeft[j] ?? 0;
      const right = j + 1 - tau;
      if (right < FEWEST_ON_A_SIDE) continue;
      // All distances among the first j + 1 values are those within the left, across, and within the right.
      const withinRight = (before[j + 1] ?? 0) - withinLeft - across;
      const sum = across - right * leftShare - tau * withinRight * (inverse[right - 1] ?? 0);
      const statistic = 2 * sum * (inverse[j + 1] ?? 0);
      if (statistic > best.statistic) best = { index: tau, statistic };
    }
  }
  return best;
}

/** At k: the sum of distances among the first k values. */
function distancesAmongFirst(values: Float64Array): Float64Array {
  const before = new Float64Array(values.length + 1);
  for (let k = 0; k < values.length; k++) {
    let sum = 0;
    const value = values[k] ?? 0;
    for (let i = 0; i < k; i++) sum += Math.abs(value - (values[i] ?? 0));
    before[k + 1] = (before[k] ?? 0) + sum;
  }
  return before;
}
