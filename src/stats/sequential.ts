/**
 * May a run end before its last set of processes? A group-sequential decision for effects judged against limits.
 *
 * A look is taken when a whole replica has ended, never after a round: what is independent is the replica (README.md), and
 * rounds of the same processes share their luck. At each look the jackknife's estimate over the replicas so far is tested
 * by Student's t at the level that spending.ts allows this look. That is the significance level approach of Pocock 1977,
 * "Group sequential methods in the design and analysis of clinical trials" (Biometrika 64), section 5: levels worked out
 * for a known spread serve with t where it is estimated, but for what SPENT_SHARE takes back.
 *
 * `worse` and `within` the limit are each other's errors, so each has half of 1 − confidence, and within each Holm's steps
 * over the questions: what one question has been granted for good is passed to those of the same word that are left, from
 * that look on (Maurer and Bretz 2013, "Multiple testing in group sequential trials using graphical approaches",
 * Stat. Biopharm. Res. 5). Equivalence is two one-sided tests too (Schuirmann 1987), read from the interval: it lies
 * between the ends of a margin exactly when both tests are passed at its level.
 */
import type { Estimate } from './jackknife.js';
import { upperP } from './question.js';
import { studentQuantile } from './special-functions.js';
import { nominalLevels } from './spending.js';

/**
 * Of the error that is allowed, so much is spent. With the spread estimated from 4 replicas on, several looks together err
 * by up to 1.15 times what their levels spend (300,000 normal streams, 3 to 27 looks, errors of 0.1 % to 2.5 %).
 */
const SPENT_SHARE = 0.85;

export interface SequentialPlan {
  /** Replicas at each look, rising; the last is as many as the run may take. */
  readonly looks: readonly number[];
  /** Coverage of the intervals of all questions at all looks together. */
  readonly confidence: number;
}

/** Is this quantity above that limit? Both are on one scale, on which more is worse. */
export interface SequentialQuestion {
  /** Over the replicas so far; null where there is none. */
  readonly estimate: Estimate | null;
  readonly limit: number;
}

export type SequentialDecision = 'worse' | 'within' | 'undecided';

export interface SequentialOutcome {
  readonly decision: SequentialDecision;
  /**
   * Ends of the interval of the quantity, which holds whenever one stops (a repeated confidence interval, Jennison and
   * Turnbull 1989); infinite at a look so early that nothing is allowed it.
   */
  readonly low: number;
  readonly high: number;
}

/**
 * What one look says of each question, in their order. `before` are the decisions of the look before, which stand; none at
 * the first look. Throws RangeError when the plan has no such look.
 */
export function decideAtLook(
  plan: SequentialPlan,
  look: number,
  questions: readonly SequentialQuestion[],
  before: readonly SequentialDecision[],
): SequentialOutcome[] {
  const side = (1 - plan.confidence) / 2;
  const open = (index: number) => (before[index] ?? 'undecided') === 'undecided';
  const grant = (decision: SequentialDecision, pOf: (estimate: Estimate, limit: number) => number) =>
    granted(
      questions.map(({ estimate, limit }, index) =>
        estimate !== null && open(index) ? pOf(estimate, limit) : null,
      ),
      before.filter((one) => one === decision).length,
      (left) => levelAt(plan, side / left, look),
    );
  const worse = grant('worse', upperP);
  const within = grant('within', (estimate, limit) => upperP(negated(estimate), -limit));
  const level = intervalLevel(plan, look, questions.length);
  return questions.map(({ estimate }, index) => ({
    decision: worse.has(index) ? 'worse' : within.has(index) ? 'within' : (before[index] ?? 'undecided'),
    ...(estimate === null
      ? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
      : around(plan, estimate, level)),
  }));
}

/**
 * Error on one side of each of so many intervals at a look, so that all of them hold at all looks with the plan's
 * confidence. 0 at a look so early that an interval would be wider than anything that can be measured.
 */
export function intervalLevel(plan: SequentialPlan, look: number, intervals: number): number {
  const level = levelAt(plan, (1 - plan.confidence) / 2 / Math.max(1, intervals), look);
  return level < SMALLEST_LEVEL ? 0 : level;
}

/** Two-sided errors at which p-values are worked out, falling; between them they are interpolated. */
const ERRORS = Array.from({ length: 17 }, (_, step) => 10 ** (-step / 2));

/**
 * The smallest error, over all looks, at which a two-sided p-value found at one of them would have been called
 * significant: a p-value that holds whenever one stops (Jennison and Turnbull 2000, "Group Sequential Methods", section
 * 9.4). Never below 1e-8, where the grid that it is interpolated on ends.
 */
export function repeatedP(plan: SequentialPlan, look: number, p: number): number {
  if (plan.looks.length < 2) return p;
  const levels = onceFor(plan, `p ${look}`, () => ERRORS.map((error) => 2 * levelAt(plan, error / 2, look)));
  const at = levels.findIndex((level) => level <= p);
  if (at === 0) return 1;
  const [smaller, larger] = [levels[at], levels[at - 1]];
  const [lower, upper] = [ERRORS[at], ERRORS[at - 1]];
  if (smaller === undefined || larger === undefined || lower === undefined || upper === undefined) {
    return ERRORS.at(-1) ?? 1;
  }
  if (smaller === 0) return upper;
  const share = Math.log(larger / p) / Math.log(larger / smaller);
  return Math.exp(Math.log(upper) + share * Math.log(lower / upper));
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
  if (level === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
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
