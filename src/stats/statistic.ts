/** What a metric is computed from: totals or histograms per unit, where a unit is one set of fresh processes. */
import {
  HISTOGRAM_RESOLUTION,
  type Histogram,
  mergeHistograms,
  quantileNs,
  samplesAbove,
} from '../record/index.js';
import { ratioOfTotals, type UnitTotals } from './jackknife.js';

/** A metric's value on a set of units, and on that set without each of its units in turn. */
export interface Evaluation {
  readonly all: number;
  readonly leavingOneOut: readonly number[];
}

export interface Statistic {
  /** The units with data, ascending. */
  readonly replicas: readonly number[];
  /** In the metric's unit; NaN where the units hold nothing to divide by. */
  readonly over: (replicas: readonly number[]) => Evaluation;
  /** Whether leaving units out says anything about its error: not for a largest value. */
  readonly hasSpread: boolean;
  /** Standard deviation of the rounding of its values, as a share of the value. */
  readonly relativeRounding: number;
}

/** What is known of one metric of one variant. */
export type Measured =
  | { readonly state: 'absent'; readonly reason: string }
  /** Exactly nothing, by construction: a variant without processes burns no CPU. */
  | { readonly state: 'zero'; readonly reason: string }
  | { readonly state: 'measured'; readonly statistic: Statistic };

/** Totals by unit that grow as evidence comes in. */
export type TotalsByReplica = Map<number, { numerator: number; denominator: number }>;

/** Adds to the totals of one unit. */
export function addTotals(
  totals: TotalsByReplica,
  replica: number,
  numerator: number,
  denominator: number,
): void {
  const unit = totals.get(replica) ?? { numerator: 0, denominator: 0 };
  unit.numerator += numerator;
  unit.denominator += denominator;
  totals.set(replica, unit);
}

/** Σ numerators / Σ denominators × `scale`, as a statistic over the units that have a denominator. */
export function quotient(totals: TotalsByReplica, scale: number): Statistic {
  const replicas = ascending([...totals].filter(([, unit]) => unit.denominator > 0).map(([key]) => key));
  return {
    replicas,
    hasSpread: true,
    relativeRounding: 0,
    over: (chosen) => {
      const units = chosen.map(
        (replica): UnitTotals => totals.get(replica) ?? { numerator: 0, denominator: 0 },
      );
      const { all, leavingOneOut } = ratioOfTotals(units);
      return { all: all * scale, leavingOneOut: leavingOneOut.map((value) => value * scale) };
    },
  };
}

/** Histograms by unit, and those of chosen units in one; each merge is made once, as several percentiles ask for it. */
export interface UnitHistograms {
  readonly byReplica: ReadonlyMap<number, Histogram>;
  readonly merged: (replicas: readonly number[]) => Histogram;
}

/** The units, and their sums as they are asked for. */
export function unitHistograms(byReplica: ReadonlyMap<number, Histogram>): UnitHistograms {
  const known = new Map<string, Histogram>();
  return {
    byReplica,
    merged: (replicas) => {
      const key = replicas.join(',');
      const merged =
        known.get(key) ??
        mergeHistograms(
          replicas.map((replica) => byReplica.get(replica)).filter((unit) => unit !== undefined),
        );
      known.set(key, merged);
      return merged;
    },
  };
}

/** Fewest samples above a percentile for it to be printed at all. */
export const FEWEST_SAMPLES_ABOVE = 10;

/**
 * The quantile `q` of all samples of the units, in ms. Absent with fewer than 10 samples above it. The jackknife is
 * consistent for it because whole units with thousands of samples are left out, not single samples. `bucketWidth` is
 * a bucket's width as a share of its value.
 */
export function quantileOf(
  units: UnitHistograms,
  q: number,
  what: string,
  bucketWidth: number = HISTOGRAM_RESOLUTION,
): Measured {
  const replicas = ascending([...units.byReplica].filter(([, unit]) => unit.total > 0).map(([key]) => key));
  const total = units.merged(replicas);
  if (total.total === 0) return { state: 'absent', reason: `no ${what} was recorded` };
  const above = samplesAbove(total, q);
  if (above < FEWEST_SAMPLES_ABOVE) {
    return {
      state: 'absent',
      reason: `only ${above} of ${total.total} samples of ${what} lie above it; ${FEWEST_SAMPLES_ABOVE} are needed`,
    };
  }
  if (!Number.isFinite(quantileNs(total, q))) {
    return { state: 'absent', reason: `it lies in the last, open bucket of ${what}` };
  }
  const known = new Map<string, Evaluation>();
  const milliseconds = (histogram: Histogram): number =>
    histogram.total === 0 ? Number.NaN : quantileNs(histogram, q) / 1e6;
  return {
    state: 'measured',
    statistic: {
      replicas,
      hasSpread: true,
      // A value is rounded up by at most one bucket, evenly: the standard deviation of a uniform is width/√12.
      relativeRounding: bucketWidth / Math.sqrt(12),
      over: (chosen) => {
        // Every pair asks for the same units, so that a run of many variants would evaluate them over and over.
        const key = chosen.join(',');
        const evaluation = known.get(key) ?? evaluateQuantile(units, chosen, milliseconds);
        known.set(key, evaluation);
        return evaluation;
      },
    },
  };
}

function evaluateQuantile(
  units: UnitHistograms,
  chosen: readonly number[],
  quantile: (histogram: Histogram) => number,
): Evaluation {
  const merged = units.merged(chosen);
  const parts = chosen.map((replica) => units.byReplica.get(replica)).filter((unit) => unit !== undefined);
  return { all: quantile(merged), leavingOneOut: parts.map((part) => quantile(without(merged, part))) };
}

/** The largest value of any unit. It has no interval: leaving units out says nothing about what was never seen. */
export function largest(byReplica: ReadonlyMap<number, number>): Statistic {
  return {
    replicas: ascending([...byReplica.keys()]),
    hasSpread: false,
    relativeRounding: 0,
    over: (chosen) => {
      const values = chosen.map((replica) => byReplica.get(replica) ?? Number.NaN);
      return {
        all: Math.max(...values),
        leavingOneOut: values.map((_, left) => Math.max(...values.filter((__, index) => index !== left))),
      };
    },
  };
}

/** `whole` less the samples of `part`, all of which it holds. */
function without(whole: Histogram, part: Histogram): Histogram {
  const counts = Float64Array.from(whole.counts);
  let at = 0;
  for (let i = 0; i < part.valuesNs.length; i++) {
    const value = part.valuesNs[i] ?? Number.NaN;
    while ((whole.valuesNs[at] ?? Number.POSITIVE_INFINITY) < value) at++;
    counts[at] = (counts[at] ?? 0) - (part.counts[i] ?? 0);
  }
  return { valuesNs: whole.valuesNs, counts, total: whole.total - part.total };
}

function ascending(replicas: readonly number[]): number[] {
  return [...replicas].sort((a, b) => a - b);
}
