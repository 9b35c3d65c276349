import { describe, expect, it } from 'vitest';
import type { Estimate } from './jackknife.js';
import { createRandom } from './random.js';
import { decideAtLook, type SequentialPlan } from './sequential.js';
import { follow } from './simulation/follow.js';
import { NORMAL } from './simulation/streams.js';
import { studentTwoSidedP } from './special-functions.js';

const plan: SequentialPlan = { looks: [4, 6, 8, 10, 12], confidence: 0.95, margin: 0.05 };
const LIMIT = Math.log(1.05);
const LAST = plan.looks.length - 1;

/** An estimate after so many replicas. */
function estimate(value: number, standardError: number, look: number): Estimate {
  return { value, standardError, degreesOfFreedom: (plan.looks[look] ?? 0) - 1 };
}

const decisions = (...argv: Parameters<typeof decideAtLook>) =>
  decideAtLook(...argv).map(({ decision }) => decision);

describe('a decision at a look', () => {
  it('is worse beyond the margin, equivalent within it, and neither across it', () => {
    const at = (value: number, standardError: number) =>
      decisions(plan, LAST, [estimate(value, standardError, LAST)], [])[0];
    expect(at(0.1, 0.01)).toBe('worse');
    expect(at(0, 0.01)).toBe('equivalent');
    expect(at(0.05, 0.01)).toBe('undecided');
    // Better by more than the margin is neither.
    expect(at(-0.2, 0.01)).toBe('undecided');
    expect(at(-0.04, 0.001)).toBe('equivalent');
    expect(at(0, 0)).toBe('equivalent');
    expect(at(0.06, 0)).toBe('worse');
  });

  it('asks for more early than late', () => {
    const at = (look: number) => decisions(plan, look, [estimate(LIMIT + 0.04, 0.01, look)], [])[0];
    expect(at(0)).toBe('undecided');
    expect(at(LAST)).toBe('worse');
  });

  it('agrees with its own interval for a single metric', () => {
    const random = createRandom(4);
    for (let i = 0; i < 300; i++) {
      const look = random.integer(plan.looks.length);
      const one = estimate(0.06 * random.normal(), 0.01 * random.uniform(), look);
      const [outcome] = decideAtLook(plan, look, [one], []);
      if (outcome === undefined) throw new Error('there is no outcome');
      expect(outcome.decision === 'worse').toBe(outcome.low > LIMIT);
      expect(outcome.decision === 'equivalent').toBe(outcome.low > -LIMIT && outcome.high < LIMIT);
    }
  });

  it('stands by what was decided, whatever comes later', () => {
    const turned = [estimate(0, 0.001, LAST), estimate(0.2, 0.001, LAST)];
    expect(decisions(plan, LAST, turned, ['worse', 'equivalent'])).toEqual(['worse', 'equivalent']);
  });

  it('passes on, within a question alone, what a metric has been granted', () => {
    // One-sided p between a half of and the whole level of the last look.
    const borderline = estimate(LIMIT + 0.0255, 0.01, LAST);
    const p = studentTwoSidedP(0.0255 / 0.01, 11) / 2;
    expect(p).toBeGreaterThan(0.0092);
    expect(p).toBeLessThan(0.017);
    const plain = estimate(LIMIT + 0.2, 0.01, LAST);
    const unknown = estimate(LIMIT, 0.01, LAST);
    expect(decisions(plan, LAST, [borderline], [])).toEqual(['worse']);
    expect(decisions(plan, LAST, [unknown, borderline], [])).toEqual(['undecided', 'undecided']);
    expect(decisions(plan, LAST, [plain, borderline], [])).toEqual(['worse', 'worse']);
    expect(decisions(plan, LAST, [null, borderline], ['worse', 'undecided'])).toEqual(['worse', 'worse']);
    expect(decisions(plan, LAST, [null, borderline], ['equivalent', 'undecided'])).toEqual([
      'equivalent',
      'undecided',
    ]);
  });

  it('knows nothing of a metric without an estimate, and no look that was not planned', () => {
    expect(decideAtLook(plan, 0, [null], [])).toEqual([
      { decision: 'undecided', low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    ]);
    expect(() => decideAtLook(plan, 5, [estimate(0, 1, LAST)], [])).toThrow(RangeError);
  });
});

// The large form is `npm run simulate:sequential`; its table is in README.md.
it('raises few false alarms and finds what is there, with fewer replicas', () => {
  const random = createRandom(9);
  const of = (ratio: number) => Array.from({ length: 400 }, () => follow(plan, NORMAL, ratio, random));
  // Of 400 at 2.5 %, 20 or more have a chance of 0.3 %.
  expect(of(1.05).filter(({ decision }) => decision === 'worse').length).toBeLessThan(20);
  expect(of(1.05).filter(({ covered }) => !covered).length).toBeLessThan(36);
  const found = of(1.15);
  expect(found.filter(({ decision }) => decision === 'worse').length).toBeGreaterThan(390);
  expect(found.reduce((sum, { replicas }) => sum + replicas, 0) / 400).toBeLessThan(9);
});
