import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../stats/index.js';
import { changePoints, FEWEST_ON_A_SIDE } from './change-points.js';
import { STREAMS } from './simulation/streams.js';
import { tally } from './simulation/tally.js';
import { COAL, NILE } from './testing/published-series.js';

const indices = (values: readonly number[]) => changePoints(values).map(({ index }) => index);

function stream(name: string) {
  const found = STREAMS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no stream ${name}`);
  return found;
}

describe('change points', () => {
  it('finds the year in which the Nile fell', () => {
    expect(NILE.values).toHaveLength(100);
    expect(NILE.values.reduce((sum, value) => sum + value, 0)).toBe(91_935);
    expect(indices(NILE.values).map((index) => NILE.firstYear + index)).toEqual([1899]);
  });

  it('finds when fewer miners died, in counts with many ties', () => {
    expect(COAL.values.reduce((sum, value) => sum + value, 0)).toBe(191);
    const [year = 0, ...more] = indices(COAL.values).map((index) => COAL.firstYear + index);
    expect(year).toBeGreaterThanOrEqual(1887);
    expect(year).toBeLessThanOrEqual(1895);
    expect(more).toEqual([]);
  });

  it('maximises the statistic of the paper, as worked out by definition', () => {
    const values = [1, 2, 1, 3, 2, 9, 8, 10, 9, 11, 10, 8];
    let best = { index: 0, statistic: 0 };
    for (let tau = FEWEST_ON_A_SIDE; tau <= values.length - FEWEST_ON_A_SIDE; tau++) {
      for (let kappa = tau + FEWEST_ON_A_SIDE; kappa <= values.length; kappa++) {
        const statistic = energy(values.slice(0, tau), values.slice(tau, kappa));
        if (statistic > best.statistic) best = { index: tau, statistic };
      }
    }
    expect(best.index).toBe(5);
    expect(indices(values)).toEqual([best.index]);
  });

  it('finds a change that was taken back', () => {
    const random = createRandom(5);
    const values = Array.from(
      { length: 30 },
      (_, index) => random.normal() + (index >= 12 && index < 20 ? 6 : 0),
    );
    expect(indices(values)).toEqual([12, 20]);
  });

  it('does not depend on unit or offset, and not on when it is asked', () => {
    const values = NILE.values.slice(10, 50);
    const found = changePoints(values);
    expect(found).toHaveLength(1);
    expect(changePoints(values.map((value) => 0.25 * value - 3))).toEqual(found);
  });

  it('finds none in a constant, in a single outlier or in too few values', () => {
    expect(indices(Array.from({ length: 40 }, () => 7))).toEqual([]);
    expect(indices(Array.from({ length: 40 }, (_, index) => (index === 20 ? 1000 : index % 3)))).toEqual([]);
    expect(indices([1, 1, 9, 9])).toEqual([]);
    expect(indices([])).toEqual([]);
  });

  // The large form is `npm run simulate:history`; its tables are in README.md.
  it('finds planted shifts and is silent without any', () => {
    // Of 80 at 1 %, 5 or more have a chance of 0.1 %.
    expect(tally(stream('nothing changes'), 20, 80, 1).falseAlarms).toBeLessThan(5 / 80);
    expect(tally(stream('nothing changes, one run in ten an outlier'), 20, 80, 2).falseAlarms).toBeLessThan(
      5 / 80,
    );
    expect(tally(stream('shift by 3 σ'), 20, 12, 3).allFound).toBeGreaterThan(0.8);
  });

  it('agrees with another implementation of the same method', () => {
    const recorded = new URL('./testing/otava.json', import.meta.url);
    const { series } = JSON.parse(readFileSync(recorded, 'utf8')) as {
      series: { name: string; values: number[]; divisive: number[] }[];
    };
    const of = (name: string) => series.filter((one) => one.name === name).slice(0, 4);
    const chosen = ['nothing changes', 'shift by 3 σ', 'shift by 3 σ and back'].flatMap(of);
    expect(chosen).toHaveLength(12);
    for (const { values, divisive } of chosen) expect(indices(values)).toEqual(divisive);
  });
});

/** Equation 5 of Matteson and James 2014 with α = 1, term by term. */
function energy(left: readonly number[], right: readonly number[]): number {
  const mean = (pairs: readonly number[]) => pairs.reduce((sum, value) => sum + value, 0) / pairs.length;
  const within = (values: readonly number[]) =>
    mean(values.flatMap((x, i) => values.slice(i + 1).map((y) => Math.abs(x - y))));
  const across = mean(left.flatMap((x) => right.map((y) => Math.abs(x - y))));
  const weight = (left.length * right.length) / (left.length + right.length);
  return weight * (2 * across - within(left) - within(right));
}
