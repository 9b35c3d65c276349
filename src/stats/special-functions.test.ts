import * as oracle from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import {
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
  studentTwoSidedP,
} from './special-functions.js';

describe('Student t', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, critical values of Student's t.
  it.each([
    [0.975, 3, 3.182],
    [0.975, 9, 2.262],
    [0.975, 11, 2.201],
    [0.975, 29, 2.045],
    [0.995, 3, 5.841],
    [0.995, 9, 3.25],
    [0.995, 11, 3.106],
    [0.999, 2, 22.327],
    [0.95, 100, 1.66],
  ])('has the published quantile of p=%f at %i degrees of freedom', (p, df, published) => {
    expect(Math.abs(studentQuantile(p, df) - published)).toBeLessThan(0.00051);
  });

  it('has the closed forms at 1 and 2 degrees of freedom', () => {
    for (const t of [-7, -1, -0.2, 0, 0.3, 2, 30]) {
      expect(studentCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 12);
      expect(studentCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 12);
    }
  });

  it('inverts itself in both tails', () => {
    for (const df of [1, 3.5, 11, 200]) {
      for (const p of [0.0005, 0.025, 0.4, 0.5, 0.8, 0.9995]) {
        expect(studentCdf(studentQuantile(p, df), df)).toBeCloseTo(p, 11);
      }
    }
  });

  it('gives small p-values without losing them to rounding', () => {
    expect(studentTwoSidedP(40, 9)).toBeGreaterThan(0);
    expect(studentTwoSidedP(40, 9)).toBeLessThan(1e-10);
    expect(studentTwoSidedP(0, 9)).toBe(1);
    expect(studentTwoSidedP(Number.POSITIVE_INFINITY, 9)).toBe(0);
  });

  it('refuses what has no quantile', () => {
    expect(() => studentQuantile(1, 5)).toThrow(RangeError);
    expect(() => studentQuantile(0.5, 0)).toThrow(RangeError);
    expect(() => normalQuantile(0)).toThrow(RangeError);
  });
});

describe('normal distribution', () => {
  it('agrees with simple-statistics', () => {
    // Its cumulative probabilities come from a printed table, hence the tolerance.
    for (let x = -4; x <= 4; x += 0.25) {
      expect(Math.abs(normalCdf(x) - oracle.cumulativeStdNormalProbability(x))).toBeLessThan(2e-3);
    }
    for (const p of [0.01, 0.2, 0.5, 0.975]) {
      expect(Math.abs(normalQuantile(p) - oracle.probit(p))).toBeLessThan(5e-3);
    }
  });

  it('has the published values to many digits', () => {
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 13);
    expect(normalQuantile(0.995)).toBeCloseTo(2.5758293035489, 11);
    expect(normalCdf(-6)).toBeCloseTo(9.865876450377e-10, 20);
    expect(normalCdf(2.999999)).toBeCloseTo(normalCdf(3.000001), 7);
  });
});

describe('gamma and beta', () => {
  it('agrees with simple-statistics and with factorials', () => {
    for (const x of [0.7, 1, 2, 4.5, 30]) expect(logGamma(x)).toBeCloseTo(oracle.gammaln(x), 8);
    expect(logGamma(6)).toBeCloseTo(Math.log(120), 12);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
  });

  it('has the closed form of I_x(1, b) and stays at the ends', () => {
    expect(incompleteBeta(0.3, 1, 4)).toBeCloseTo(1 - 0.7 ** 4, 13);
    expect(incompleteBeta(0, 2, 2)).toBe(0);
    expect(incompleteBeta(1, 2, 2)).toBe(1);
  });
});
