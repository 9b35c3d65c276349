import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';
import { decideAtLook, intervalLevel, repeatedP, type SequentialQuestion } from './sequential.js';
import { type FollowedPlan, follow } from './simulation/follow.js';
import { NORMAL } from './simulation/streams.js';
import { studentTwoSidedP } from './special-functions.js';

const plan: FollowedPlan = { looks: [4, 6, 8, 10, 12], confidence: 0.95, margin: 0.05 };
const LIMIT = Math.log(1.05);
const LAST = plan.looks.length - 1;

/** A question of the limit with an estimate after so many replicas. */
function question(value: number, standardError: number, look: number): SequentialQuestion {
  return { estimate: { value, standardError, degreesOfFreedom: (plan.looks[look] ?? 0) - 1 }, limit: LIMIT };
}

const UNKNOWN: SequentialQuestion = { estimate: null, limit: LIMIT };

const decisions = (...argv: Parameters<typeof decideAtLook>) =>
  decideAtLook(...argv).map(({ decision }) => decision);

describe('a decision at a look', () => {
  it('is worse beyond the limit, within it below, and neither across it', () => {
    const at = (value: number, standardError: number) =>
      decisions(plan, LAST, [question(value, standardError, LAST)], [])[0];
    expect(at(0.1, 0.01)).toBe('worse');
    expect(at(0, 0.01)).toBe('within');
    expect(at(0.05, 0.01)).toBe('undecided');
    // However much better it is, it is within the limit.
    expect(at(-0.2, 0.01)).toBe('within');
    expect(at(0, 0)).toBe('within');
    expect(at(0.06, 0)).toBe('worse');
  });

  it('asks for more early than late', () => {
    const at = (look: number) => decisions(plan, look, [question(LIMIT + 0.04, 0.01, look)], [])[0];
    expect(at(0)).toBe('undecided');
    expect(at(LAST)).toBe('worse');
  });

  it('agrees with its own interval for a single question', () => {
    const random = createRandom(4);
    for (let i = 0; i < 300; i++) {
      const look = random.integer(plan.looks.length);
      const one = question(0.06 * random.normal(), 0.01 * random.uniform(), look);
      const [outcome] = decideAtLook(plan, look, [one], []);
      if (outcome === undefined) throw new Error('there is no outcome');
      expect(outcome.decision === 'worse').toBe(outcome.low > LIMIT);
      expect(outcome.decision === 'within').toBe(outcome.high < LIMIT);
    }
  });

  it('stands by what was decided, whatever comes later', () => {
    const turned = [question(0, 0.001, LAST), question(0.2, 0.001, LAST)];
    expect(decisions(plan, LAST, turned, ['worse', 'within'])).toEqual(['worse', 'within']);
  });

  it('passes on, within a word alone, what a question has been granted', () => {
    // One-sided p between a half of and the whole level of the last look.
    const borderline = question(LIMIT + 0.0255, 0.01, LAST);
    const p = studentTwoSidedP(0.0255 / 0.01, 11) / 2;
    expect(p).toBeGreaterThan(0.0092);
    expect(p).toBeLessThan(0.017);
    const plain = question(LIMIT + 0.2, 0.01, LAST);
    const unknown = question(LIMIT, 0.01, LAST);
    expect(decisions(plan, LAST, [borderline], [])).toEqual(['worse']);
    expect(decisions(plan, LAST, [unknown, borderline], [])).toEqual(['undecided', 'undecided']);
    expect(decisions(plan, LAST, [plain, borderline], [])).toEqual(['worse', 'worse']);
    expect(decisions(plan, LAST, [UNKNOWN, borderline], ['worse', 'undecided'])).toEqual(['worse', 'worse']);
    expect(decisions(plan, LAST, [UNKNOWN, borderline], ['within', 'undecided'])).toEqual([
      'within',
      'undecided',
    ]);
  });

  it('knows nothing of a question without an estimate, and no look that was not planned', () => {
    expect(decideAtLook(plan, 0, [UNKNOWN], [])).toEqual([
      { decision: 'undecided', low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    ]);
    expect(() => decideAtLook(plan, 5, [question(0, 1, LAST)], [])).toThrow(RangeError);
  });
});

describe('a p-value at a look', () => {
  it('is below an error exactly where the interval of that error leaves out no difference', () => {
    for (const look of [1, 2, 3, LAST]) {
      for (const error of [0.2, 0.05, 0.01, 0.002]) {
        const level = 2 * intervalLevel({ looks: plan.looks, confidence: 1 - error }, look, 1);
        expect(repeatedP(plan, look, level * 0.9)).toBeLessThan(error);
        expect(repeatedP(plan, look, level * 1.1)).toBeGreaterThan(error);
      }
    }
  });

  it('grows with p, is larger for having looked, and is p itself for a single look', () => {
    const of = (p: number) => repeatedP(plan, LAST, p);
    expect(of(0.001)).toBeGreaterThan(0.001);
    expect(of(0.02)).toBeGreaterThan(of(0.001));
    expect(of(1)).toBe(1);
    expect(of(0)).toBe(1e-8);
    expect(repeatedP({ looks: [8], confidence: 0.99 }, 0, 0.03)).toBe(0.03);
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
