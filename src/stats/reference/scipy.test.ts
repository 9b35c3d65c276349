/** The statistics against SciPy and statsmodels, which share no code with them; scipy.json says how it was made. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compare } from '../comparison.js';
import { interval, jackknife, pValue, ratioOfTotals } from '../jackknife.js';
import { holm } from '../multiplicity.js';
import { wilson } from '../share.js';
import {
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
  studentTwoSidedP,
} from '../special-functions.js';
import { addTotals, type Measured, quotient, type TotalsByReplica } from '../statistic.js';

interface Reference {
  readonly student: readonly { p: number; df: number; quantile: number }[];
  readonly studentTails: readonly { t: number; df: number; twoSidedP: number; cdf: number }[];
  readonly normal: readonly { x: number; cdf: number }[];
  readonly normalQuantiles: readonly { p: number; quantile: number }[];
  readonly beta: readonly { x: number; a: number; b: number; value: number }[];
  readonly gamma: readonly { x: number; value: number }[];
  readonly wilson: readonly {
    count: number;
    samples: number;
    confidence: number;
    low: number;
    high: number;
  }[];
  readonly holm: readonly { p: number[]; adjusted: number[] }[];
  readonly oneSampleT: readonly {
    values: number[];
    confidence: number;
    low: number;
    high: number;
    p: number;
  }[];
  readonly ratioOfTotals: readonly {
    candidate: number[];
    baseline: number[];
    confidence: number;
    ratio: number;
    low: number;
    high: number;
    p: number;
  }[];
}

const reference = JSON.parse(readFileSync(new URL('./scipy.json', import.meta.url), 'utf8')) as Reference;

/** Equal to nine digits, or both within 1e-14 of nothing. */
function expectClose(actual: number, expected: number, what: unknown): void {
  const off = Math.abs(actual - expected);
  expect(
    off <= 1e-9 * Math.abs(expected) || off < 1e-14,
    `${JSON.stringify(what)}: ${actual}, not ${expected}`,
  ).toBe(true);
}

function measured(numerators: readonly number[]): Measured {
  const totals: TotalsByReplica = new Map();
  for (const [replica, numerator] of numerators.entries()) addTotals(totals, replica, numerator, 100);
  return { state: 'measured', statistic: quotient(totals, 1) };
}

describe('against SciPy', () => {
  it('agree Student’s t and the normal distribution, in both tails', () => {
    for (const one of reference.student) expectClose(studentQuantile(one.p, one.df), one.quantile, one);
    for (const one of reference.studentTails) {
      expectClose(studentTwoSidedP(one.t, one.df), one.twoSidedP, one);
      expectClose(studentCdf(one.t, one.df), one.cdf, one);
    }
    for (const one of reference.normal) expectClose(normalCdf(one.x), one.cdf, one);
    for (const one of reference.normalQuantiles) expectClose(normalQuantile(one.p), one.quantile, one);
  });

  it('agree the beta and gamma functions', () => {
    for (const one of reference.beta) expectClose(incompleteBeta(one.x, one.a, one.b), one.value, one);
    for (const one of reference.gamma) expectClose(logGamma(one.x), one.value, one);
  });

  it('agree Wilson’s interval and Holm’s adjustment', () => {
    for (const one of reference.wilson) {
      const { low, high } = wilson(one.count / one.samples, one.samples, one.confidence);
      expectClose(low, one.low, one);
      expectClose(high, one.high, one);
    }
    for (const { p, adjusted } of reference.holm) {
      for (const [index, value] of holm(p).entries())
        expectClose(value ?? Number.NaN, adjusted[index] ?? 0, p);
    }
  });

  it('agree the jackknife of a mean with the t test of one sample', () => {
    for (const one of reference.oneSampleT) {
      const units = one.values.map((numerator) => ({ numerator, denominator: 1 }));
      const { all, leavingOneOut } = ratioOfTotals(units);
      const estimate = jackknife(all, leavingOneOut);
      const { low, high } = interval(estimate, one.confidence);
      expectClose(low, one.low, one);
      expectClose(high, one.high, one);
      expectClose(pValue(estimate), one.p, one);
    }
  });

  it('agree the interval and p of a ratio of totals with those by pseudo-values', () => {
    for (const one of reference.ratioOfTotals) {
      const { ratio, p } = compare(measured(one.candidate), measured(one.baseline), one.confidence);
      expectClose(ratio.value ?? Number.NaN, one.ratio, one);
      expectClose(ratio.low ?? Number.NaN, one.low, one);
      expectClose(ratio.high ?? Number.NaN, one.high, one);
      expectClose(p ?? Number.NaN, one.p, one);
    }
  });
});
