/** One metric of one variant with its interval, and two variants against each other, unit by unit. */
import { type Estimate, FEWEST_UNITS, interval, jackknife, pValue } from './jackknife.js';
import type { Evaluation, Measured, Statistic } from './statistic.js';

export interface Interval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const UNKNOWN: Interval = { value: null, low: null, high: null };

export interface LevelEstimate extends Interval {
  readonly reason: string | null;
}

/** A metric's value with its interval of coverage `confidence`; null with a reason where it is not known. */
export function estimateLevel(measured: Measured, confidence: number): LevelEstimate {
  switch (measured.state) {
    case 'absent':
      return { ...UNKNOWN, reason: measured.reason };
    case 'zero':
      return { value: 0, low: 0, high: 0, reason: null };
    case 'measured': {
      const { statistic } = measured;
      const evaluation = statistic.over(statistic.replicas);
      if (!Number.isFinite(evaluation.all)) return { ...UNKNOWN, reason: 'there is nothing to divide by' };
      if (!carriesInterval(statistic, statistic.replicas.length)) {
        return { value: evaluation.all, low: null, high: null, reason: null };
      }
      const onLog = onLogScale(evaluation);
      if (onLog !== null) {
        const estimate = widened(jackknife(onLog.all, onLog.leavingOneOut), statistic.relativeRounding);
        const { low, high } = interval(estimate, confidence);
        return { value: evaluation.all, low: Math.exp(low), high: Math.exp(high), reason: null };
      }
      const { low, high } = interval(jackknife(evaluation.all, evaluation.leavingOneOut), confidence);
      return { value: evaluation.all, low, high, reason: null };
    }
  }
}

export interface Comparison {
  /** candidate / baseline. */
  readonly ratio: Interval;
  /** candidate − baseline, in the metric's unit. */
  readonly difference: Interval;
  /** What interval and p are of: the log of the ratio, or the difference where there is no ratio. */
  readonly estimate: (Estimate & { readonly scale: 'log' | 'difference' }) | null;
  /** Two-sided p of "no difference": of ratio 1 where there is a ratio. */
  readonly p: number | null;
  /** Units that both variants have. */
  readonly replicas: readonly number[];
  /** Why something above is null. */
  readonly reason: string | null;
}

/** Compares two variants on the units both have; a `confidence` of 1 asks for no interval. Swapping them inverts the ratio and its interval exactly. */
export function compare(candidate: Measured, baseline: Measured, confidence: number): Comparison {
  const absent = (reason: string): Comparison => ({
    ratio: UNKNOWN,
    difference: UNKNOWN,
    estimate: null,
    p: null,
    replicas: [],
    reason,
  });
  if (candidate.state === 'absent') return absent(`the candidate’s is not known: ${candidate.reason}`);
  if (baseline.state === 'absent') return absent(`the baseline’s is not known: ${baseline.reason}`);
  if (candidate.state === 'zero' && baseline.state === 'zero') {
    return { ...absent('neither has a data-plane process'), difference: { value: 0, low: 0, high: 0 } };
  }
  const replicas = sharedReplicas(candidate, baseline);
  const left = evaluate(candidate, replicas);
  const right = evaluate(baseline, replicas);
  if (!Number.isFinite(left.all) || !Number.isFinite(right.all)) {
    return absent('the two were not measured on the same set of processes');
  }

  const withoutRatio = reasonWithoutRatio(candidate, baseline, left, right);
  const value = withoutRatio === null ? left.all / right.all : null;
  const difference = left.all - right.all;
  const withoutInterval = reasonWithoutInterval(candidate, baseline, replicas.length, confidence);
  if (withoutInterval !== null) {
    return {
      ratio: { value, low: null, high: null },
      difference: { value: difference, low: null, high: null },
      estimate: null,
      p: null,
      replicas,
      reason: withoutInterval,
    };
  }

  const rounding = [roundingOf(candidate), roundingOf(baseline)] as const;
  const differenceEstimate = widened(
    jackknife(
      difference,
      left.leavingOneOut.map((one, index) => one - (right.leavingOneOut[index] ?? Number.NaN)),
    ),
    Math.hypot(rounding[0] * left.all, rounding[1] * right.all),
  );
  const differenceInterval = { value: difference, ...interval(differenceEstimate, confidence) };
  const [leftLog, rightLog] = [onLogScale(left), onLogScale(right)];
  if (withoutRatio !== null || leftLog === null || rightLog === null) {
    return {
      ratio: { value, low: null, high: null },
      difference: differenceInterval,
      estimate: { ...differenceEstimate, scale: 'difference' },
      p: pValue(differenceEstimate),
      replicas,
      reason:
        withoutRatio ??
        'it is 0 or less without one of the sets of processes, so that a ratio has no interval',
    };
  }
  const logEstimate = widened(
    jackknife(
      leftLog.all - rightLog.all,
      leftLog.leavingOneOut.map((one, index) => one - (rightLog.leavingOneOut[index] ?? Number.NaN)),
    ),
    Math.hypot(...rounding),
  );
  const log = interval(logEstimate, confidence);
  return {
    ratio: { value, low: Math.exp(log.low), high: Math.exp(log.high) },
    difference: differenceInterval,
    estimate: { ...logEstimate, scale: 'log' },
    p: pValue(logEstimate),
    replicas,
    reason: null,
  };
}

function sharedReplicas(candidate: Measured, baseline: Measured): readonly number[] {
  const left = candidate.state === 'measured' ? candidate.statistic.replicas : null;
  const right = baseline.state === 'measured' ? baseline.statistic.replicas : null;
  if (left === null || right === null) return left ?? right ?? [];
  return left.filter((replica) => right.includes(replica));
}

function evaluate(measured: Measured, replicas: readonly number[]): Evaluation {
  return measured.state === 'measured'
    ? measured.statistic.over(replicas)
    : { all: 0, leavingOneOut: replicas.map(() => 0) };
}

function roundingOf(measured: Measured): number {
  return measured.state === 'measured' ? measured.statistic.relativeRounding : 0;
}

function reasonWithoutRatio(
  candidate: Measured,
  baseline: Measured,
  left: Evaluation,
  right: Evaluation,
): string | null {
  if (baseline.state === 'zero') return 'the baseline has no data-plane process, so that there is no ratio';
  if (candidate.state === 'zero') return 'the candidate has no data-plane process, so that there is no ratio';
  if (right.all <= 0) return 'the baseline’s value is 0 or less, so that there is no ratio';
  return left.all <= 0 ? 'the candidate’s value is 0 or less, so that there is no ratio' : null;
}

function reasonWithoutInterval(
  candidate: Measured,
  baseline: Measured,
  units: number,
  confidence: number,
): string | null {
  const both = [candidate, baseline];
  if (both.some((one) => one.state === 'measured' && !one.statistic.hasSpread)) {
    return 'a largest value has no interval: it is descriptive';
  }
  if (units >= FEWEST_UNITS && confidence >= 1) {
    return `a run that may end early is told nothing after as few as ${units} sets of fresh processes`;
  }
  return units < FEWEST_UNITS
    ? `${units} set${units === 1 ? '' : 's'} of fresh processes measured both; an interval needs ${FEWEST_UNITS}`
    : null;
}

function carriesInterval(statistic: Statistic, units: number): boolean {
  return statistic.hasSpread && units >= FEWEST_UNITS;
}

function onLogScale(evaluation: Evaluation): Evaluation | null {
  const positive = (value: number) => Number.isFinite(value) && value > 0;
  if (!positive(evaluation.all) || !evaluation.leavingOneOut.every(positive)) return null;
  return { all: Math.log(evaluation.all), leavingOneOut: evaluation.leavingOneOut.map(Math.log) };
}

/** Adds the rounding of the values themselves, which leaving units out cannot show. */
function widened(estimate: Estimate, rounding: number): Estimate {
  return { ...estimate, standardError: Math.hypot(estimate.standardError, rounding) };
}
