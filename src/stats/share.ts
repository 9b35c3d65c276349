/** A share of counted events, totalled over units, with an interval that stays within [0, 1]. */
import type { ShareInterval } from '../record/index.js';
import { FEWEST_UNITS, interval, jackknife, ratioOfTotals, type UnitTotals } from './jackknife.js';
import { normalQuantile } from './special-functions.js';

/**
 * Σ counts / Σ samples with the delete-one-unit jackknife's interval, clamped to [0, 1], and never narrower than
 * Wilson's score interval for that many independent samples: a category that no unit happened to show has no spread
 * between units, and is not for that known to be empty. Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1.
 * Without an interval below 4 units. Throws RangeError without any sample.
 */
export function shareOfTotals(units: readonly UnitTotals[], confidence: number): ShareInterval {
  const samples = units.reduce((sum, unit) => sum + unit.denominator, 0);
  if (!(samples > 0)) throw new RangeError('a share of no samples is nothing');
  const { all, leavingOneOut } = ratioOfTotals(units);
  if (units.length < FEWEST_UNITS) return { value: all, low: null, high: null };
  const between = interval(jackknife(all, leavingOneOut), confidence);
  const within = wilson(all, samples, confidence);
  return {
    value: all,
    low: clamped(Math.min(between.low, within.low)),
    high: clamped(Math.max(between.high, within.high)),
  };
}

/** Wilson's score interval of a share seen in so many independent samples. */
export function wilson(share: number, samples: number, confidence: number): { low: number; high: number } {
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const scale = 1 + z ** 2 / samples;
  const centre = (share + z ** 2 / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / samples + z ** 2 / (4 * samples ** 2));
  return { low: centre - half, high: centre + half };
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}
