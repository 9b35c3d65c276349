/** The gate: whether an interval lies on the wrong side of a limit, on the right side, or across it. */
import {
  type Effect,
  type GateResult,
  type GateRule,
  type Look,
  type LookFinding,
  METRICS,
  type MetricName,
  type PlannedAnalysis,
  type Validity,
} from '../record/index.js';
import { gatedConfidence, isSuspected, pairsOfRule } from '../stats/index.js';
import { neededTime } from './needed-time.js';

/** From a calibration: the smallest ratio above 1 that the machine can tell from 1, by metric. */
export type CalibrationFloor = Readonly<Partial<Record<MetricName, number>>>;

type Outcome = Pick<GateResult, 'outcome' | 'explanation'> & {
  /** True where it is the interval's width that leaves it undecided. */
  readonly byInterval?: boolean;
};

/**
 * One result for each rule and each candidate it names. `fail` when the interval lies beyond the limit, `pass` when
 * no part of it does, else `undecided`; a run that is invalid and a variant that did not do what it claims decide
 * nothing. A rule that finds nothing to judge is `undecided`, never silently passed. A run that could end early is judged
 * by its last look, whose decisions hold however often it was looked at. Where an interval leaves a rule undecided, and it is
 * known that the run took `seconds`, the explanation says how long one would have to be. What one run cannot tell and makes
 * likely is `suspected`, for a confirmation to decide.
 */
export function evaluateGate(
  planned: PlannedAnalysis,
  effects: readonly Effect[],
  validity: Validity,
  floor: CalibrationFloor = {},
  looks: readonly Look[] = [],
  seconds: number | null = null,
): GateResult[] {
  return planned.gate.flatMap((rule, index) => {
    const pairs = pairsOfRule(rule, planned);
    const missing = (rule.variants ?? (pairs.length === 0 ? ['every variant'] : [])).filter(
      (candidate) => !pairs.some((pair) => pair.candidate === candidate),
    );
    return [
      ...pairs.map((pair): GateResult => {
        const effect = effects.find(
          (one) =>
            one.metric === rule.metric && one.candidate === pair.candidate && one.baseline === pair.baseline,
        );
        const found = looks
          .at(-1)
          ?.findings.find(
            (one) => one.rule === index && one.candidate === pair.candidate && one.baseline === pair.baseline,
          );
        const outcome = evaluateRule(
          rule,
          effect,
          validity,
          gatedConfidence(planned),
          floor[rule.metric],
          found?.decision,
        );
        const more =
          outcome.byInterval !== true || effect === undefined || seconds === null
            ? null
            : neededTime(rule, effect, seconds);
        return {
          metric: rule.metric,
          ...pair,
          limit: limitOf(rule),
          outcome: outcome.outcome,
          explanation: more === null ? outcome.explanation : `${outcome.explanation} ${more}`,
          ...(outcome.byInterval === true &&
          effect !== undefined &&
          isSuspected(planned, rule, effect) &&
          (effect.ratio === null || belowFloor(rule, 'fail', effect.ratio, floor[rule.metric]) === null)
            ? { suspected: true }
            : {}),
        };
      }),
      ...missing.map(
        (candidate): GateResult => ({
          metric: rule.metric,
          candidate,
          baseline: planned.baseline ?? 'no baseline',
          limit: limitOf(rule),
          ...undecided('the run has no such comparison'),
        }),
      ),
    ];
  });
}

function evaluateRule(
  rule: GateRule,
  effect: Effect | undefined,
  validity: Validity,
  confidence: number,
  floor: number | undefined,
  decision: LookFinding['decision'] | undefined,
): Outcome {
  if (effect === undefined) return undecided('the run has no such comparison');
  if (validity.status === 'invalid') {
    return undecided(`the run is invalid: ${validity.reasons[0] ?? 'no reason was recorded'}`);
  }
  switch (effect.verdict) {
    case 'not-exercised':
    case 'unavailable':
    case 'failed':
    case 'invalid':
      return undecided(effect.reason ?? effect.verdict);
    case 'inconclusive':
      if (effect.overruled === true) return undecided(effect.reason ?? 'a rule of measurement forbids it');
      break;
    case 'better':
    case 'worse':
    case 'equivalent':
      break;
  }
  if (effect.low !== null && effect.high !== null && effect.ratio !== null) {
    const outcome = byLook(decision) ?? byRatio(rule, effect.low, effect.high);
    const interval = `× ${digits(effect.ratio)}, ${share(confidence)} interval ${digits(effect.low)} to ${digits(effect.high)}`;
    return (
      belowFloor(rule, outcome, effect.ratio, floor) ??
      explain(outcome, byRatio(rule, effect.low, effect.high), interval, limitOf(rule))
    );
  }
  if (effect.differenceLow !== null && effect.differenceHigh !== null) {
    const { unit } = METRICS[rule.metric];
    const interval = `${digits(effect.difference)} ${unit}, ${share(confidence)} interval ${digits(effect.differenceLow)} to ${digits(effect.differenceHigh)} ${unit}`;
    const shown = byDifference(rule, effect.differenceLow, effect.differenceHigh);
    const outcome = byLook(decision) ?? shown;
    return explain(
      outcome,
      shown,
      interval,
      `${limitOf(rule)}; without a ratio the difference is judged against 0`,
    );
  }
  return undecided(effect.reason ?? 'there is no interval');
}

/** What a look decided, in the gate's words; null in a run that was judged once, at its end. */
function byLook(decision: LookFinding['decision'] | undefined): GateResult['outcome'] | null {
  if (decision === undefined) return null;
  return ({ worse: 'fail', within: 'pass', undecided: 'undecided' } as const)[decision];
}

/**
 * Whether a look leaves nothing to find out: every question about variants that can still be measured has an answer that
 * the calibration lets stand, and there is one. `gone` are variants that take no further part.
 */
export function isDecided(
  look: Look,
  gone: ReadonlySet<string>,
  rules: readonly GateRule[],
  floor: CalibrationFloor,
): boolean {
  const open = look.findings.filter(({ candidate, baseline }) => !gone.has(candidate) && !gone.has(baseline));
  const answered = ({ rule, metric, scale, value, decision }: LookFinding) => {
    const outcome = byLook(decision);
    const limits = rules[rule];
    if (outcome === null || outcome === 'undecided' || limits === undefined) return false;
    return (
      scale === 'difference' || value === null || belowFloor(limits, outcome, value, floor[metric]) === null
    );
  };
  return open.length > 0 && open.every(answered);
}

/** Whether a ratio's interval lies beyond the limit, within it, or across. */
export function byRatio(rule: GateRule, low: number, high: number): GateResult['outcome'] {
  if (rule.maxIncrease !== null) {
    if (low > 1 + rule.maxIncrease) return 'fail';
    return high <= 1 + rule.maxIncrease ? 'pass' : 'undecided';
  }
  const least = 1 - (rule.maxDecrease ?? 0);
  if (high < least) return 'fail';
  return low >= least ? 'pass' : 'undecided';
}

function byDifference(rule: GateRule, low: number, high: number): GateResult['outcome'] {
  if (rule.maxIncrease !== null) {
    if (low > 0) return 'fail';
    return high <= 0 ? 'pass' : 'undecided';
  }
  if (high < 0) return 'fail';
  return low >= 0 ? 'pass' : 'undecided';
}

/**
 * What a calibration forbids: a `fail` by a change smaller than the machine can tell from none, and a `pass` below a
 * limit that is finer than that, unless the change itself is larger. Null when it forbids nothing.
 */
export function belowFloor(
  rule: GateRule,
  outcome: GateResult['outcome'],
  ratio: number,
  floor: number | undefined,
): Outcome | null {
  if (floor === undefined || outcome === 'undecided') return null;
  const visible = ratio >= floor || ratio <= 1 / floor;
  const limit = rule.maxIncrease ?? rule.maxDecrease ?? 0;
  if (visible || (outcome === 'pass' && 1 + limit >= floor)) return null;
  return undecided(
    `× ${digits(ratio)} is below what this machine can tell from no change, × ${digits(floor)} by its calibration`,
  );
}

/** `shown` is where the interval itself lies: a decision of an earlier look, or one by Holm's steps, may be beyond it. */
export function explain(
  outcome: GateResult['outcome'],
  shown: GateResult['outcome'],
  interval: string,
  limit: string,
): Outcome {
  if (outcome !== shown) {
    const found = {
      fail: 'it was found beyond the limit by a look at the run, or beside the other rules',
      pass: 'it was found within the limit by a look at the run, or beside the other rules',
      undecided: 'no look at whole sets of fresh processes had decided it',
    }[outcome];
    return { outcome, explanation: `${interval}: ${found} (${limit}).` };
  }
  switch (outcome) {
    case 'fail':
      return { outcome, explanation: `${interval}: all of it is beyond the limit (${limit}).` };
    case 'pass':
      return { outcome, explanation: `${interval}: all of it is within the limit (${limit}).` };
    case 'undecided':
      return {
        outcome,
        explanation: `${interval}: it lies on both sides of the limit (${limit}).`,
        byInterval: true,
      };
  }
}

export function undecided(why: string): Outcome {
  return { outcome: 'undecided', explanation: `Cannot tell: ${why}.` };
}

export function limitOf(rule: GateRule): string {
  return rule.maxIncrease !== null
    ? `at most ${share(rule.maxIncrease)} more`
    : `at most ${share(rule.maxDecrease ?? 0)} less`;
}

export function digits(value: number | null): string {
  return value === null ? '?' : String(Number(value.toPrecision(4)));
}

export function share(value: number): string {
  return `${Number((value * 100).toPrecision(5))} %`;
}
