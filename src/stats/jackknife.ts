/**
 * The interval under every verdict: delete-one-unit jackknife with Student's t.
 *
 * A unit is one set of fresh processes (a replica) with all it measured. Leaving out whole units lets batch noise,
 * restart luck and the dependence of neighbouring slices into the error, whatever their shape.
 * Quenouille 1949, Tukey 1958; Shao and Tu, "The Jackknife and Bootstrap" (1995), chapters 1 and 2.
 * README.md beside this file has the simulation that chose it over three bootstraps.
 */
import { studentQuantile, studentTwoSidedP } from './special-functions.js';

/** Fewer units than this cannot carry an interval: with three, t at 99 % is already 9.9. */
export const FEWEST_UNITS = 4;

export interface Estimate {
  readonly value: number;
  readonly standardError: number;
  readonly degreesOfFreedom: number;
}

/**
 * Estimate with its standard error from the statistic on all units and on all but each one.
 * SE² = (K − 1)/K · Σ(θ₍ᵢ₎ − mean θ₍ᵢ₎)². Throws RangeError with fewer than two units.
 */
export function jackknife(all: number, leavingOneOut: readonly number[]): Estimate {
  const units = leavingOneOut.length;
  if (units < 2) throw new RangeError(`a jackknife needs two units, not ${units}`);
  const mean = leavingOneOut.reduce((sum, value) => sum + value, 0) / units;
  const squares = leavingOneOut.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    value: all,
    standardError: Math.sqrt(((units - 1) / units) * squares),
    degreesOfFreedom: units - 1,
  };
}

/** Two-sided interval of coverage `confidence` (in (0, 1)) around an estimate, in the estimate's unit. */
export function interval(estimate: Estimate, confidence: number): { low: number; high: number } {
  const t = studentQuantile(1 - (1 - confidence) / 2, estimate.degreesOfFreedom);
  return {
    low: estimate.value - t * estimate.standardError,
    high: estimate.value + t * estimate.standardError,
  };
}

/** Two-sided p-value of "the estimated quantity is 0". */
export function pValue(estimate: Estimate): number {
  if (estimate.standardError === 0) return estimate.value === 0 ? 1 : 0;
  return studentTwoSidedP(estimate.value / estimate.standardError, estimate.degreesOfFreedom);
}

/** What one unit adds to a quotient of totals. */
export interface UnitTotals {
  readonly numerator: number;
  readonly denominator: number;
}

/** Σ numerators / Σ denominators of all units, and of all units but each one. */
export function ratioOfTotals(units: readonly UnitTotals[]): { all: number; leavingOneOut: number[] } {
  const numerator = units.reduce((sum, unit) => sum + unit.numerator, 0);
  const denominator = units.reduce((sum, unit) => sum + unit.denominator, 0);
  return {
    all: numerator / denominator,
    leavingOneOut: units.map((unit) => (numerator - unit.numerator) / (denominator - unit.denominator)),
  };
}
