/** The gate: whether an interval lies on the wrong side of a limit, on the right side, or across it. */
import {
  type Effect,
  type GateResult,
  type GateRule,
  METRICS,
  type MetricName,
  type PlannedAnalysis,
  type Validity,
} from '../record/index.js';
import { gatedConfidence, pairsOfRule } from '../stats/index.js';

/** From a calibration: the smallest ratio above 1 that the machine can tell from 1, by metric. */
export type CalibrationFloor = Readonly<Partial<Record<MetricName, number>>>;

type Outcome = Pick<GateResult, 'outcome' | 'explanation'>;

/**
 * One result for each rule and each candidate it names. `fail` when the interval lies beyond the limit, `pass` when
 * no part of it does, else `undecided`; a run that is invalid and a variant that did not do what it claims decide
 * nothing. A rule that finds nothing to judge is `undecided`, never silently passed.
 */
export function evaluateGate(
  planned: PlannedAnalysis,
  effects: readonly Effect[],
  validity: Validity,
  floor: CalibrationFloor = {},
): GateResult[] {
  return planned.gate.flatMap((rule) => {
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
        const outcome = evaluateRule(rule, effect, validity, gatedConfidence(planned), floor[rule.metric]);
        return { metric: rule.metric, ...pair, limit: limitOf(rule), ...outcome };
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
    const outcome = byRatio(rule, effect.low, effect.high);
    const interval = `× ${digits(effect.ratio)}, ${share(confidence)} interval ${digits(effect.low)} to ${digits(effect.high)}`;
    return belowFloor(rule, outcome, effect.ratio, floor) ?? explain(outcome, interval, limitOf(rule));
  }
  if (effect.differenceLow !== null && effect.differenceHigh !== null) {
    const { unit } = METRICS[rule.metric];
    const interval = `${digits(effect.difference)} ${unit}, ${share(confidence)} interval ${digits(effect.differenceLow)} to ${digits(effect.differenceHigh)} ${unit}`;
    const outcome = byDifference(rule, effect.differenceLow, effect.differenceHigh);
    return explain(outcome, interval, `${limitOf(rule)}; without a ratio the difference is judged against 0`);
  }
  return undecided(effect.reason ?? 'there is no interval');
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

export function explain(outcome: GateResult['outcome'], interval: string, limit: string): Outcome {
  switch (outcome) {
    case 'fail':
      return { outcome, explanation: `${interval}: all of it is beyond the limit (${limit}).` };
    case 'pass':
      return { outcome, explanation: `${interval}: all of it is within the limit (${limit}).` };
    case 'undecided':
      return { outcome, explanation: `${interval}: it lies on both sides of the limit (${limit}).` };
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
