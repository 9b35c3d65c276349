import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';
import { nextRate, type RateOutcome, rateLimitOf } from './slo-search.js';

const SETTINGS = { startRatePerSecond: 200, precision: 0.04 };

/** Searches on a machine whose slices hold with this probability, until it is settled or the slices are spent. */
function search(holds: (ratePerSecond: number) => number, uniform: () => number, slices = 40) {
  const outcomes: RateOutcome[] = [];
  while (outcomes.length < slices) {
    const ratePerSecond = nextRate(outcomes, SETTINGS);
    if (ratePerSecond === null) break;
    outcomes.push({ ratePerSecond, outcome: uniform() < holds(ratePerSecond) ? 'held' : 'broke' });
  }
  return { limit: rateLimitOf(outcomes, SETTINGS), outcomes };
}

const falling = (limit: number, width: number, lapse: number) => (rate: number) =>
  (1 - lapse) / (1 + Math.exp((Math.log(rate) - Math.log(limit)) / width));

describe('the search for the highest rate that holds', () => {
  it('doubles until it breaks and then closes in', () => {
    const { limit, outcomes } = search(
      (rate) => (rate <= 3000 ? 1 : 0),
      () => 0.5,
    );
    expect(outcomes.slice(0, 5).map(({ ratePerSecond }) => ratePerSecond)).toEqual([
      200, 400, 800, 1600, 3200,
    ]);
    expect(limit.settled).toBe(true);
    expect(limit.ratePerSecond).toBeGreaterThan(2900);
    expect(limit.ratePerSecond).toBeLessThan(3100);
    expect(limit.low).toBeLessThanOrEqual(3000);
    expect(limit.high).toBeGreaterThanOrEqual(3000);
    expect(outcomes.length).toBeLessThan(25);
  });

  it('halves when the first rate breaks', () => {
    const { limit } = search(
      (rate) => (rate <= 30 ? 1 : 0),
      () => 0.5,
    );
    expect(limit.ratePerSecond).toBeGreaterThan(29);
    expect(limit.ratePerSecond).toBeLessThan(31);
  });

  it.each([
    { name: 'a sharp limit on a quiet machine', width: 0.003, lapse: 0, slices: 40, within: 0.99 },
    {
      name: 'a blurred limit where every 20th slice breaks anyhow',
      width: 0.015,
      lapse: 0.05,
      slices: 40,
      within: 0.95,
    },
  ])('comes within 5 % of it, and its interval holds it: $name', ({ width, lapse, slices, within }) => {
    const random = createRandom(11);
    const runs = 60;
    let near = 0;
    let covered = 0;
    for (let run = 0; run < runs; run += 1) {
      const truth = 300 * 100 ** random.uniform();
      const { limit } = search(falling(truth, width, lapse), () => random.uniform(), slices);
      const { ratePerSecond, low, high } = limit;
      if (ratePerSecond !== null && Math.abs(ratePerSecond / truth - 1) <= 0.05) near += 1;
      // A point of the grid is half a percent wide.
      if (low !== null && high !== null && low * 0.995 <= truth && truth <= high * 1.005) covered += 1;
    }
    expect(near / runs).toBeGreaterThanOrEqual(within);
    expect(covered / runs).toBeGreaterThanOrEqual(0.9);
  });

  it('does not take the generator’s limit for the variant’s', () => {
    const outcomes: RateOutcome[] = [];
    for (let slice = 0; slice < 60; slice += 1) {
      const ratePerSecond = nextRate(outcomes, SETTINGS);
      if (ratePerSecond === null) break;
      outcomes.push({ ratePerSecond, outcome: ratePerSecond < 10_000 ? 'held' : 'generator' });
    }
    const limit = rateLimitOf(outcomes, SETTINGS);
    expect(limit).toMatchObject({ ratePerSecond: null, high: null, settled: false });
    expect(limit.low).toBeGreaterThan(9000);
    expect(limit.generatorLimit).toBeGreaterThanOrEqual(10_000);
    expect(outcomes.length).toBeLessThan(20);
  });

  it('says nothing of a limit before a rate held and another broke', () => {
    expect(rateLimitOf([], SETTINGS)).toEqual({
      ratePerSecond: null,
      low: null,
      high: null,
      generatorLimit: null,
      settled: false,
    });
    expect(rateLimitOf([{ ratePerSecond: 50, outcome: 'held' }], SETTINGS).low).toBe(50);
  });
});
