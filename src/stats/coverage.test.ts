import { describe, expect, it } from 'vitest';
import { interval, jackknife, pValue, ratioOfTotals } from './jackknife.js';
import { holm } from './multiplicity.js';
import { createRandom, type Random } from './random.js';
import { POPULATIONS, type Population } from './simulation/populations.js';

function estimateOf(population: Population, units: number, trueRatio: number, random: Random) {
  const drawn = Array.from({ length: units }, () => population.draw(random, trueRatio));
  const of = (side: 'candidate' | 'baseline') =>
    ratioOfTotals(drawn.map((unit) => ({ numerator: unit[side], denominator: 1 })));
  const candidate = of('candidate');
  const baseline = of('baseline');
  return jackknife(
    Math.log(candidate.all / baseline.all),
    candidate.leavingOneOut.map((one, index) =>
      Math.log(one / (baseline.leavingOneOut[index] ?? Number.NaN)),
    ),
  );
}

function population(name: string): Population {
  const found = POPULATIONS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no population ${name}`);
  return found;
}

describe('the interval', () => {
  it.each([
    ['even', 10],
    ['spiky', 10],
    ['spiky', 4],
    ['heavy', 12],
  ])('covers the true ratio of %s units, %i of them, in 95 % and 99 % of 5,000 trials', (name, units) => {
    const random = createRandom(4711 + units);
    const truth = Math.log(1.05);
    let held95 = 0;
    let held99 = 0;
    for (let trial = 0; trial < 5000; trial++) {
      const estimate = estimateOf(population(name), units, 1.05, random);
      const holds = (confidence: number) => {
        const { low, high } = interval(estimate, confidence);
        return low <= truth && truth <= high;
      };
      if (holds(0.95)) held95++;
      if (holds(0.99)) held99++;
    }
    expect(held95 / 5000).toBeGreaterThan(0.93);
    expect(held95 / 5000).toBeLessThan(0.97);
    expect(held99 / 5000).toBeGreaterThanOrEqual(0.983);
  });

  it('raises a false alarm in at most 1 % of runs with four gates, Holm-adjusted', () => {
    const random = createRandom(99);
    const runs = 4000;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const p = [0, 1, 2, 3].map(() => pValue(estimateOf(population('even'), 10, 1, random)));
      if (holm(p).some((adjusted) => adjusted !== null && adjusted < 0.01)) alarms++;
    }
    // 1 % and three standard errors of a share of 4,000.
    expect(alarms / runs).toBeLessThan(0.01 + 3 * Math.sqrt((0.01 * 0.99) / runs));
    expect(alarms).toBeGreaterThan(0);
  });

  it('sees a change of 15 % in at least nine of ten runs and never on the wrong side', () => {
    const random = createRandom(7);
    let seen = 0;
    for (let run = 0; run < 1000; run++) {
      const { low, high } = interval(estimateOf(population('even'), 12, 1.15, random), 0.99);
      if (low > 0) seen++;
      expect(high).toBeGreaterThan(0);
    }
    expect(seen).toBeGreaterThan(900);
  });
});
