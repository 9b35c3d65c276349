/** The intervals that were compared before one was chosen: each on the log of a ratio of totals over paired units. */
import { interval, jackknife } from '../jackknife.js';
import type { Random } from '../random.js';
import { normalCdf, normalQuantile } from '../special-functions.js';

/** Totals of one unit for candidate and baseline; requests are equal and cancel. */
export interface PairedUnit {
  readonly candidate: number;
  readonly baseline: number;
}

export interface LogInterval {
  readonly low: number;
  readonly high: number;
}

export const INTERVAL_METHODS = ['jackknife-t', 'bootstrap-t', 'percentile', 'bca'] as const;
export type IntervalMethod = (typeof INTERVAL_METHODS)[number];

const RESAMPLES = 999;

function logRatio(units: readonly PairedUnit[]): { all: number; leavingOneOut: number[] } {
  let candidate = 0;
  let baseline = 0;
  for (const unit of units) {
    candidate += unit.candidate;
    baseline += unit.baseline;
  }
  return {
    all: Math.log(candidate / baseline),
    leavingOneOut: units.map((unit) => Math.log((candidate - unit.candidate) / (baseline - unit.baseline))),
  };
}

/** All four intervals of one data set at each confidence; the bootstraps share their resamples. */
export function allIntervals(
  units: readonly PairedUnit[],
  confidences: readonly number[],
  random: Random,
): Record<IntervalMethod, LogInterval[]> {
  const observed = logRatio(units);
  const estimate = jackknife(observed.all, observed.leavingOneOut);
  const ratios = new Float64Array(RESAMPLES);
  const studentized = new Float64Array(RESAMPLES);
  for (let b = 0; b < RESAMPLES; b++) {
    const drawn = units.map(() => units[random.integer(units.length)] as PairedUnit);
    const resampled = logRatio(drawn);
    const { standardError } = jackknife(resampled.all, resampled.leavingOneOut);
    ratios[b] = resampled.all;
    // A draw of one unit K times has no error of its own: it lies at infinity on the side it fell.
    studentized[b] =
      standardError > 0
        ? (resampled.all - observed.all) / standardError
        : Math.sign(resampled.all - observed.all) * Number.MAX_VALUE;
  }
  ratios.sort();
  studentized.sort();
  const at = (sorted: Float64Array, p: number): number =>
    sorted[Math.min(RESAMPLES - 1, Math.max(0, Math.round(p * (RESAMPLES + 1)) - 1))] ?? Number.NaN;

  // Efron 1987, "Better bootstrap confidence intervals": bias z0 and acceleration from the jackknife.
  const below = ratios.filter((value) => value < observed.all).length;
  const z0 = normalQuantile(Math.min(0.9995, Math.max(0.0005, below / RESAMPLES)));
  const mean = observed.leavingOneOut.reduce((sum, value) => sum + value, 0) / units.length;
  const cubes = observed.leavingOneOut.reduce((sum, value) => sum + (mean - value) ** 3, 0);
  const squares = observed.leavingOneOut.reduce((sum, value) => sum + (mean - value) ** 2, 0);
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const adjusted = (p: number): number => {
    const z = z0 + normalQuantile(p);
    return normalCdf(z0 + z / (1 - acceleration * z));
  };

  const tails = confidences.map((confidence) => (1 - confidence) / 2);
  return {
    'jackknife-t': confidences.map((confidence) => interval(estimate, confidence)),
    'bootstrap-t': tails.map((tail) => ({
      low: observed.all - at(studentized, 1 - tail) * estimate.standardError,
      high: observed.all - at(studentized, tail) * estimate.standardError,
    })),
    percentile: tails.map((tail) => ({ low: at(ratios, tail), high: at(ratios, 1 - tail) })),
    bca: tails.map((tail) => ({ low: at(ratios, adjusted(tail)), high: at(ratios, adjusted(1 - tail)) })),
  };
}
