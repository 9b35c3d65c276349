import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, compare, estimateLevel } from './comparison.js';
import { interval, jackknife, pValue, ratioOfTotals } from './jackknife.js';
import { addTotals, largest, type Measured, quotient, type TotalsByReplica } from './statistic.js';

/** Units numbered from 0 with 100 requests each. */
function measured(numerators: readonly number[]): Measured {
  const totals: TotalsByReplica = new Map();
  for (const [replica, numerator] of numerators.entries()) addTotals(totals, replica, numerator, 100);
  return { state: 'measured', statistic: quotient(totals, 1) };
}

describe('the jackknife', () => {
  it('agrees with a computation by hand', () => {
    // Totals 450/400 = 1.125; without each unit 340/300, 320/300, 360/300, 330/300. On the log scale
    // SE² = 3/4 · 0.00755609, so SE = 0.0752799; t(0.975; 3) = 3.182446.
    const comparison = compare(measured([110, 130, 90, 120]), measured([100, 100, 100, 100]), 0.95);
    expect(comparison.ratio.value).toBeCloseTo(1.125, 12);
    expect(comparison.ratio.low).toBeCloseTo(0.88533, 4);
    expect(comparison.ratio.high).toBeCloseTo(1.42955, 4);
    // The difference is a mean of four numbers here: 0.1, 0.3, −0.1, 0.2, with SE = s/√4 = 0.0853913.
    expect(comparison.difference.value).toBeCloseTo(0.125, 12);
    expect(comparison.difference.low).toBeCloseTo(0.125 - 3.182446 * 0.0853913, 6);
    expect(comparison.difference.high).toBeCloseTo(0.125 + 3.182446 * 0.0853913, 6);
  });

  it('is the classical interval of a mean where the statistic is one', () => {
    const values = [3, 5, 4, 8, 6];
    const { all, leavingOneOut } = ratioOfTotals(values.map((numerator) => ({ numerator, denominator: 1 })));
    const estimate = jackknife(all, leavingOneOut);
    const variance = values.reduce((sum, value) => sum + (value - 5.2) ** 2, 0) / 4;
    expect(estimate.standardError).toBeCloseTo(Math.sqrt(variance / 5), 12);
    expect(interval(estimate, 0.95).high - 5.2).toBeCloseTo(2.776445 * estimate.standardError, 5);
  });

  it('has a p-value that falls below 1 − confidence exactly when the interval excludes 0', () => {
    for (const value of [0.1, 0.2, 0.3, 0.4]) {
      const estimate = { value, standardError: 0.1, degreesOfFreedom: 7 };
      expect(pValue(estimate) < 0.05).toBe(interval(estimate, 0.95).low > 0);
    }
    expect(pValue({ value: 0, standardError: 0, degreesOfFreedom: 3 })).toBe(1);
    expect(pValue({ value: 1, standardError: 0, degreesOfFreedom: 3 })).toBe(0);
  });

  it('needs two units', () => {
    expect(() => jackknife(1, [1])).toThrow(RangeError);
  });
});

describe('compare', () => {
  const totals = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 4, maxLength: 12 });
  const pairOfTotals = totals.chain((left) =>
    fc.tuple(
      fc.constant(left),
      fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), {
        minLength: left.length,
        maxLength: left.length,
      }),
    ),
  );
  const close = (actual: number | null, expected: number) =>
    expect(Math.abs((actual ?? Number.NaN) / expected - 1)).toBeLessThan(1e-9);
  const known = (comparison: Comparison) => {
    const { value, low, high } = comparison.ratio;
    if (value === null || low === null || high === null) throw new Error('there is no ratio');
    return { value, low, high };
  };

  it('inverts ratio and interval when candidate and baseline are swapped', () => {
    fc.assert(
      fc.property(pairOfTotals, ([left, right]) => {
        const forth = known(compare(measured(left), measured(right), 0.99));
        const back = known(compare(measured(right), measured(left), 0.99));
        close(back.value, 1 / forth.value);
        close(back.low, 1 / forth.high);
        close(back.high, 1 / forth.low);
      }),
      { seed: 21 },
    );
  });

  it('scales with the candidate and not with the unit both are measured in', () => {
    fc.assert(
      fc.property(pairOfTotals, fc.double({ min: 0.01, max: 100, noNaN: true }), ([left, right], scale) => {
        const before = known(compare(measured(left), measured(right), 0.99));
        const scaled = known(compare(measured(left.map((one) => one * scale)), measured(right), 0.99));
        close(scaled.value, before.value * scale);
        close(scaled.low, before.low * scale);
        const both = known(
          compare(measured(left.map((one) => one * scale)), measured(right.map((one) => one * scale)), 0.99),
        );
        close(both.high, before.high);
      }),
      { seed: 22 },
    );
  });

  it('does not depend on the order of the units', () => {
    fc.assert(
      fc.property(pairOfTotals, ([left, right]) => {
        const forth = known(compare(measured(left), measured(right), 0.95));
        const turned = known(compare(measured([...left].reverse()), measured([...right].reverse()), 0.95));
        close(turned.value, forth.value);
        close(turned.low, forth.low);
        close(turned.high, forth.high);
      }),
      { seed: 23 },
    );
  });

  it('lets noise that both share cancel', () => {
    const noise = [1, 3, 0.5, 2, 7];
    const { low, high } = known(
      compare(measured(noise.map((one) => 110 * one)), measured(noise.map((one) => 100 * one)), 0.99),
    );
    close(low, 1.1);
    close(high, 1.1);
  });

  it('uses only the units that both have', () => {
    const left: TotalsByReplica = new Map();
    for (const replica of [0, 1, 2, 3, 4]) addTotals(left, replica, replica === 4 ? 9999 : 100, 100);
    const comparison = compare(
      { state: 'measured', statistic: quotient(left, 1) },
      measured([100, 101, 99, 100]),
      0.95,
    );
    expect(comparison.replicas).toEqual([0, 1, 2, 3]);
    expect(comparison.ratio.value).toBeCloseTo(1, 10);
  });

  it('has no interval from three units, and says so', () => {
    const comparison = compare(measured([1, 2, 3]), measured([1, 1, 1]), 0.95);
    expect(comparison.ratio).toEqual({ value: 2, low: null, high: null });
    expect(comparison.reason).toMatch(/3 sets of fresh processes.*needs 4/);
  });

  it('has a difference and no ratio against a baseline without processes', () => {
    const zero: Measured = { state: 'zero', reason: 'none' };
    const comparison = compare(measured([100, 110, 90, 100]), zero, 0.95);
    expect(comparison.ratio.value).toBeNull();
    expect(comparison.difference.value).toBeCloseTo(1, 12);
    expect(comparison.difference.low).toBeGreaterThan(0.8);
    expect(comparison.reason).toMatch(/no data-plane process/);
    expect(compare(zero, zero, 0.95).difference).toEqual({ value: 0, low: 0, high: 0 });
  });

  it('has neither when one is not known', () => {
    const absent: Measured = { state: 'absent', reason: 'the clock is broken' };
    const comparison = compare(absent, measured([1, 1, 1, 1]), 0.95);
    expect(comparison).toMatchObject({ ratio: { value: null }, difference: { value: null }, p: null });
    expect(comparison.reason).toContain('the clock is broken');
  });
});

describe('estimateLevel', () => {
  it('keeps a value above 0 above 0 at both ends', () => {
    const level = estimateLevel(measured([1, 1000, 1, 1]), 0.99);
    expect(level.low).toBeGreaterThan(0);
  });

  it('gives the largest value without an interval', () => {
    const statistic = largest(
      new Map([
        [0, 5],
        [1, 9],
        [2, 7],
        [3, 1],
      ]),
    );
    expect(estimateLevel({ state: 'measured', statistic }, 0.95)).toMatchObject({
      value: 9,
      low: null,
      high: null,
    });
  });
});
