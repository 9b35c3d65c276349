/**
 * May a run end before its last set of processes? A group-sequential decision for effects judged against a margin.
 *
 * A look is taken when a whole replica has ended, never after a round: what is independent is the replica (README.md), and
 * rounds of the same processes share their luck. At each look the jackknife's estimate over the replicas so far is tested
 * by Student's t at the level that spending.ts allows this look. That is the significance level approach of Pocock 1977,
 * "Group sequential methods in the design and analysis of clinical trials" (Biometrika 64), section 5: levels worked out
 * for a known spread serve with t where it is estimated, but for what SPENT_SHARE takes back.
 *
 * `worse` and `equivalent` (two one-sided tests, Schuirmann 1987) are each other's errors, so each has half of
 * 1 − confidence, and within each Holm's steps over the metrics: what one metric has been granted for good is passed to
 * those of the same question that are left, from that look on (Maurer and Bretz 2013, "Multiple testing in group sequential
 * trials using graphical approaches", Stat. Biopharm. Res. 5).
 */
import type { Estimate } from './jackknife.js';
import { studentQuantile, studentTwoSidedP } from './special-functions.js';
import { nominalLevels } from './spending.js';

/**
 * Of the error that is allowed, so much is spent. With the spread estimated from 4 replicas on, several looks together err
 * by up to 1.15 times what their levels spend (300,000 normal streams, 3 to 27 looks, errors of 0.1 % to 2.5 %).
 */
const SPENT_SHARE = 0.85;

export interface SequentialPlan {
  /** Replicas at each look, rising; the last is as many as the run may take. */
  readonly looks: readonly number[];
  /** Coverage of the intervals of all metrics at all looks together. */
  readonly confidence: number;
  /** As a fraction: within a ratio of 1/(1 + margin) to 1 + margin nothing matters. */
  readonly margin: number;
}

export type SequentialDecision = 'worse' | 'equivalent' | 'undecided';

export interface SequentialOutcome {
  readonly decision: SequentialDecision;
  /**
   * Ends of the interval of the log ratio, which holds whenever one stops (a repeated confidence interval, Jennison and
   * Turnbull 1989); infinite at a look so early that nothing is allowed it.
   */
  readonly low: number;
  readonly high: number;
}

/**
 * What one look says of each metric, in their order. An estimate is of the log ratio candidate/baseline over the replicas so
 * far, turned round where higher is better; null where there is none. `before` are the decisions of the look before, which
 * stand; none at the first look.
 */
export function decideAtLook(
  plan: SequentialPlan,
  look: number,
  estimates: readonly (Estimate | null)[],
  before: readonly SequentialDecision[],
): SequentialOutcome[] {
  const side = (1 - plan.confidence) / 2;
  const limit = Math.log1p(plan.margin);
  const open = (index: number) => (before[index] ?? 'undecided') === 'undecided';
  const grant = (decision: SequentialDecision, pOf: (estimate: Estimate) => number) =>
    granted(
      estimates.map((estimate, index) => (estimate !== null && open(index) ? pOf(estimate) : null)),
      before.filter((one) => one === decision).length,
      (left) => levelAt(plan, side / left, look),
    );
  const worse = grant('worse', (estimate) => upperP(estimate, limit));
  const equivalent = grant('equivalent', (estimate) =>
    Math.max(upperP(estimate, -limit), upperP(negated(estimate), -limit)),
  );
  const level = levelAt(plan, side / estimates.length, look);
  return estimates.map((estimate, index) => ({
    decision: worse.has(index)
      ? 'worse'
      : equivalent.has(index)
        ? 'equivalent'
        : (before[index] ?? 'undecided'),
    ...(estimate === null
      ? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
      : around(plan, estimate, level)),
  }));
}

/** Holm's steps: indices of the p-values that are granted, when `already` of their number were at looks before. */
function granted(
  pValues: readonly (number | null)[],
  already: number,
  level: (left: number) => number,
): ReadonlySet<number> {
  const order = pValues
    .flatMap((p, index) => (p === null ? [] : [{ p, index }]))
    .sort((a, b) => a.p - b.p || a.index - b.index);
  const found = new Set<number>();
  for (const { p, index } of order) {
    if (p > level(pValues.length - already - found.size)) break;
    found.add(index);
  }
  return found;
}

/** One-sided p-value of "it is not above `limit`". */
function upperP({ value, standardError, degreesOfFreedom }: Estimate, limit: number): number {
  if (standardError === 0) return value > limit ? 0 : 1;
  const t = (value - limit) / standardError;
  const tail = studentTwoSidedP(t, degreesOfFreedom) / 2;
  return t > 0 ? tail : 1 - tail;
}

function negated(estimate: Estimate): Estimate {
  return { ...estimate, value: -estimate.value };
}

/** Below this a quantile of t is lost to rounding, and wider than anything that can be measured. */
const SMALLEST_LEVEL = 1e-14;

function around(
  plan: SequentialPlan,
  { value, standardError, degreesOfFreedom }: Estimate,
  level: number,
): { low: number; high: number } {
  if (level < SMALLEST_LEVEL) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const t = onceFor(plan, `t ${level} ${degreesOfFreedom}`, () => [
    studentQuantile(1 - level, degreesOfFreedom),
  ])[0] as number;
  return { low: value - t * standardError, high: value + t * standardError };
}

/** The level of one look when all looks together may spend `alpha`. */
function levelAt(plan: SequentialPlan, alpha: number, look: number): number {
  const most = plan.looks.at(-1) ?? 1;
  const fractions = () => plan.looks.map((replicas) => replicas / most);
  const spent = plan.looks.length > 1 ? SPENT_SHARE * alpha : alpha;
  const level = onceFor(plan, `levels ${alpha}`, () => nominalLevels(spent, fractions()))[look];
  if (level === undefined) throw new RangeError(`the plan has no look ${look}`);
  return level;
}

const knownOfPlans = new WeakMap<SequentialPlan, Map<string, readonly number[]>>();

/** What is the same at every look and for every metric of a plan, worked out once. */
function onceFor(plan: SequentialPlan, key: string, compute: () => readonly number[]): readonly number[] {
  const known = knownOfPlans.get(plan) ?? new Map<string, readonly number[]>();
  knownOfPlans.set(plan, known);
  const values = known.get(key) ?? compute();
  known.set(key, values);
  return values;
}
