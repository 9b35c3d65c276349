import { describe, expect, it } from 'vitest';
import { upperP } from './question.js';
import { createRandom } from './random.js';
import { suspicionLevel } from './suspicion.js';

describe('the level of a suspicion', () => {
  it('makes up with the confirmation’s what was asked of the gate', () => {
    // 0.5 % on the side that fails, of which the confirmation has 5 %.
    expect(suspicionLevel(0.99, 1)).toBeCloseTo(0.1);
    expect(suspicionLevel(0.99, 4)).toBeCloseTo(0.025);
    expect(suspicionLevel(0.999, 1)).toBeCloseTo(0.01);
  });

  it('is never more than a coin’s', () => {
    expect(suspicionLevel(0.95, 1)).toBe(0.5);
    expect(suspicionLevel(0.8, 1)).toBe(0.5);
  });
});

/** Gates on runs of `rounds` sets of processes whose effect is `shift` spreads: the shares that one stage and two stages fail. */
function simulated(rounds: number, shift: number, gates: number, questions = 1) {
  const random = createRandom(7);
  const p = () => {
    const values = Array.from({ length: rounds }, () => shift + random.normal());
    const value = values.reduce((sum, one) => sum + one, 0) / rounds;
    const variance = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (rounds - 1);
    return upperP({ value, standardError: Math.sqrt(variance / rounds), degreesOfFreedom: rounds - 1 }, 0);
  };
  let once = 0;
  let twice = 0;
  for (let gate = 0; gate < gates; gate += 1) {
    const first = Array.from({ length: questions }, p);
    if (first.some((one) => one <= 0.005 / questions)) once += 1;
    const suspected = first.filter((one) => one <= suspicionLevel(0.99, questions));
    // Holm's first step is Bonferroni's over those that are asked again.
    if (suspected.some(() => p() <= 0.05 / suspected.length)) twice += 1;
  }
  return { once: once / gates, twice: twice / gates };
}

describe('a gate in two stages', () => {
  it.each([
    [4, 1],
    [9, 1],
    [9, 5],
    [30, 3],
  ])(
    'fails on nothing no more often than was asked, by simulation: %d sets, %d questions',
    (rounds, questions) => {
      const { twice } = simulated(rounds, 0, 20_000, questions);
      // 0.5 %, and three standard errors of 20,000 gates.
      expect(twice).toBeLessThan(0.005 + 3 * Math.sqrt(0.005 / 20_000));
    },
  );

  it('finds what a single run of the same strictness would miss', () => {
    const { once, twice } = simulated(9, 4 / 3, 5000);
    expect(twice).toBeGreaterThan(0.9);
    expect(once).toBeLessThan(0.75);
  });
});
