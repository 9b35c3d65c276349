import { describe, expect, it } from 'vitest';
import type {
  Confirmation,
  Effect,
  GateRule,
  Look,
  PlannedAnalysis,
  RunVariant,
  Validity,
} from '../record/index.js';
import { type CalibrationFloor, evaluateGate, exitCode, isDecided, withConfirmation } from './index.js';

const VALID: Validity = { status: 'valid', reasons: [] };
const RULE: GateRule = { metric: 'cpu.per_request', maxIncrease: 0.05, maxDecrease: null, variants: null };

function planned(gate: GateRule[] = [RULE]): PlannedAnalysis {
  return {
    baseline: 'plain',
    pairs: [
      { candidate: 'mine', baseline: 'plain' },
      { candidate: 'mine', baseline: 'direct' },
    ],
    confidence: 0.99,
    margin: 0.05,
    gate,
    model: 'open',
    offeredRatePerSecond: 800,
    hasMicro: true,
    hasLong: true,
    rounds: 10,
    replicas: 10,
  };
}

function effect(change: Partial<Effect> = {}): Effect {
  return {
    metric: 'cpu.per_request',
    candidate: 'mine',
    baseline: 'plain',
    track: 'micro',
    ratio: 1.1,
    low: 1.06,
    high: 1.14,
    difference: 10,
    differenceLow: 6,
    differenceHigh: 14,
    pAdjusted: 0.001,
    gated: true,
    blocks: 100,
    replicas: 10,
    verdict: 'worse',
    reason: null,
    ...change,
  };
}

function outcomeOf(change: Partial<Effect>, rule = RULE, validity = VALID, floor: CalibrationFloor = {}) {
  const [result] = evaluateGate(planned([rule]), [effect(change)], validity, floor);
  if (result === undefined) throw new Error('the rule has no result');
  return result;
}

describe('evaluateGate', () => {
  it('fails when the whole interval is above the limit, with interval and limit in a sentence', () => {
    expect(outcomeOf({})).toMatchObject({
      outcome: 'fail',
      limit: 'at most 5 % more',
      explanation: '× 1.1, 99 % interval 1.06 to 1.14: all of it is beyond the limit (at most 5 % more).',
    });
  });

  it('passes when its upper bound is at the limit, and fails only above it', () => {
    expect(outcomeOf({ ratio: 1, low: 0.95, high: 1.05 }).outcome).toBe('pass');
    expect(outcomeOf({ ratio: 1.07, low: 1.05, high: 1.09 }).outcome).toBe('undecided');
    expect(outcomeOf({ ratio: 1.07, low: 1.0501, high: 1.09 }).outcome).toBe('fail');
  });

  it('is undecided when the interval lies on both sides, whatever the verdict', () => {
    expect(outcomeOf({ low: 1.01, high: 1.2, verdict: 'worse' }).outcome).toBe('undecided');
    expect(outcomeOf({ ratio: 1.02, low: 0.99, high: 1.04, verdict: 'inconclusive' }).outcome).toBe('pass');
  });

  it('mirrors the limit for what must not decrease', () => {
    const rule: GateRule = { ...RULE, metric: 'throughput', maxIncrease: null, maxDecrease: 0.1 };
    const of = (low: number, high: number) => outcomeOf({ metric: 'throughput', low, high }, rule).outcome;
    expect(of(0.8, 0.89)).toBe('fail');
    expect(of(0.9, 1.2)).toBe('pass');
    expect(of(0.85, 0.95)).toBe('undecided');
  });

  it.each(['not-exercised', 'unavailable', 'failed', 'invalid'] as const)(
    'does not decide by a %s variant',
    (verdict) => {
      expect(outcomeOf({ verdict, reason: 'that is why', low: 0.5, high: 0.6 })).toMatchObject({
        outcome: 'undecided',
        explanation: 'Cannot tell: that is why.',
      });
    },
  );

  it('does not decide by an interval that a rule of measurement overruled', () => {
    const change = {
      verdict: 'inconclusive',
      overruled: true,
      low: 0.9,
      high: 0.95,
      reason: 'too few',
    } as const;
    expect(outcomeOf(change)).toMatchObject({ outcome: 'undecided', explanation: 'Cannot tell: too few.' });
  });

  it('does not decide by an invalid run', () => {
    const validity: Validity = { status: 'invalid', reasons: ['the generator was saturated'] };
    expect(outcomeOf({}, RULE, validity)).toMatchObject({
      outcome: 'undecided',
      explanation: expect.stringContaining('saturated'),
    });
    expect(outcomeOf({}, RULE, { status: 'suspect', reasons: ['steal'] }).outcome).toBe('fail');
  });

  it('judges the difference against 0 where there is no ratio, and says so', () => {
    const none = { ratio: null, low: null, high: null };
    expect(outcomeOf(none)).toMatchObject({
      outcome: 'fail',
      explanation: expect.stringMatching(/^10 µs, 99 % interval 6 to 14 µs.*without a ratio/),
    });
    expect(outcomeOf({ ...none, differenceLow: -9, differenceHigh: 0 }).outcome).toBe('pass');
    expect(outcomeOf({ ...none, differenceLow: -1, differenceHigh: 1 }).outcome).toBe('undecided');
    expect(outcomeOf({ ...none, differenceLow: null, differenceHigh: null }).outcome).toBe('undecided');
  });

  it('does not guess below the calibrated floor', () => {
    const tight: GateRule = { ...RULE, maxIncrease: 0.01 };
    const small = { ratio: 1.03, low: 1.02, high: 1.04 };
    expect(outcomeOf(small, tight).outcome).toBe('fail');
    expect(outcomeOf(small, tight, VALID, { 'cpu.per_request': 1.04 })).toMatchObject({
      outcome: 'undecided',
      explanation: expect.stringContaining('calibration'),
    });
    expect(outcomeOf({}, tight, VALID, { 'cpu.per_request': 1.04 }).outcome).toBe('fail');
    const none = { ratio: 1, low: 0.995, high: 1.005 };
    expect(outcomeOf(none, tight, VALID, { 'cpu.per_request': 1.04 }).outcome).toBe('undecided');
    expect(outcomeOf(none, RULE, VALID, { 'cpu.per_request': 1.04 }).outcome).toBe('pass');
    expect(
      outcomeOf({ ratio: 0.8, low: 0.79, high: 0.81 }, tight, VALID, { 'cpu.per_request': 1.04 }).outcome,
    ).toBe('pass');
  });

  it('judges only pairs against the baseline, and never passes what it did not find', () => {
    expect(evaluateGate(planned(), [effect()], VALID).map((one) => one.baseline)).toEqual(['plain']);
    expect(evaluateGate(planned(), [], VALID)[0]?.outcome).toBe('undecided');
    const absent = evaluateGate(planned([{ ...RULE, variants: ['other'] }]), [effect()], VALID);
    expect(absent).toMatchObject([{ candidate: 'other', outcome: 'undecided' }]);
    const lonely = evaluateGate({ ...planned(), pairs: [] }, [], VALID);
    expect(lonely).toMatchObject([{ candidate: 'every variant', outcome: 'undecided' }]);
  });
});

describe('the gate of a run that could end early', () => {
  const look = (decision: 'worse' | 'within' | 'undecided', value = 1.1, candidate = 'mine'): Look => ({
    replicas: 6,
    findings: [
      {
        rule: 0,
        metric: 'cpu.per_request',
        candidate,
        baseline: 'plain',
        scale: 'ratio',
        value,
        low: 1.04,
        high: 1.16,
        decision,
        equivalent: false,
      },
    ],
  });

  it('follows the last look, and says so where the interval alone would not tell', () => {
    const by = (decision: 'worse' | 'within' | 'undecided') =>
      evaluateGate(planned(), [effect({ low: 1.04, high: 1.16 })], VALID, {}, [look(decision)])[0];
    expect(by('worse')).toMatchObject({ outcome: 'fail', explanation: expect.stringContaining('by a look') });
    expect(by('within')).toMatchObject({
      outcome: 'pass',
      explanation: expect.stringContaining('by a look'),
    });
    expect(by('undecided')?.outcome).toBe('undecided');
    const beyond = evaluateGate(planned(), [effect()], VALID, {}, [look('undecided')])[0];
    expect(beyond).toMatchObject({
      outcome: 'undecided',
      explanation: expect.stringContaining('no look at whole'),
    });
  });

  it('is decided once every question has an answer that the calibration lets stand', () => {
    const settled = (one: Look, gone: string[] = [], floor: CalibrationFloor = {}) =>
      isDecided(one, new Set(gone), [RULE], floor);
    expect(settled(look('worse'))).toBe(true);
    expect(settled(look('within'))).toBe(true);
    expect(settled(look('undecided'))).toBe(false);
    // Smaller than the machine can tell from no change.
    expect(settled(look('worse', 1.06), [], { 'cpu.per_request': 1.08 })).toBe(false);
    const both = {
      ...look('worse'),
      findings: [...look('worse').findings, ...look('undecided', 1, 'other').findings],
    };
    expect(settled(both)).toBe(false);
    // What has failed is not waited for, but nothing left is no answer.
    expect(settled(both, ['other'])).toBe(true);
    expect(settled(both, ['plain'])).toBe(false);
  });
});

describe('what an undecided rule says of time', () => {
  const told = (rule: GateRule, change: Partial<Effect>, seconds: number | null = 60) =>
    evaluateGate(planned([rule]), [effect(change)], VALID, {}, [], seconds)[0]?.explanation ?? '';
  const onePercent: GateRule = { ...RULE, maxIncrease: 0.01 };

  it('is how long the machine needs for the limit, by the square of how much too wide the interval is', () => {
    // Half as wide as ± 1.8 %, and a third more for being found in most runs: 5.8 times as long.
    expect(told(onePercent, { ratio: 1, low: 1 / 1.018, high: 1.018 })).toMatch(
      /This machine cannot decide 1 % in 60 s; it needs about 6 min\.$/,
    );
    expect(told(onePercent, { ratio: 1, low: 1 / 1.018, high: 1.018 }, 600)).toContain('in 10 min');
    expect(told({ ...RULE, maxIncrease: 0.0001 }, { ratio: 1, low: 0.5, high: 2 })).toContain(
      'No run of a length',
    );
  });

  it('is how long it would take as found, where the change is near the limit and not the interval wide', () => {
    expect(told(RULE, { ratio: 1.045, low: 1.035, high: 1.055 })).toMatch(
      /If the change is what was found, about \d+ min would decide it\.$/,
    );
    expect(told(RULE, { ratio: 1.05, low: 1.04, high: 1.06 })).toContain('the limit itself');
  });

  it('is nothing where the rule is decided, the time is not known, or it is not a matter of time', () => {
    expect(told(RULE, { ratio: 1, low: 0.99, high: 1.01 })).toMatch(
      /within the limit \(at most 5 % more\)\.$/,
    );
    expect(told(onePercent, { ratio: 1, low: 0.9, high: 1.1 }, null)).not.toContain('needs about');
    expect(told(RULE, { verdict: 'not-exercised', reason: 'so' })).toBe('Cannot tell: so.');
    const none = { ratio: null, low: null, high: null, differenceLow: -1, differenceHigh: 1 };
    expect(told(RULE, none)).not.toContain('needs about');
  });
});

describe('a confirmation', () => {
  const failed = evaluateGate(planned(), [effect()], VALID);
  const confirmation = (change: Partial<Effect>, seed = 9): Confirmation => ({
    seed,
    ending: { rounds: 6, replicas: 6, why: 'decided' },
    validity: VALID,
    gate: evaluateGate(planned(), [effect(change)], VALID),
  });

  it('leaves a regression that is found again, and tells both intervals', () => {
    const [result] = withConfirmation(failed, confirmation({ ratio: 1.12, low: 1.07, high: 1.17 }));
    expect(result).toMatchObject({
      outcome: 'fail',
      explanation: expect.stringMatching(/1\.06 to 1\.14.*Confirmed on fresh processes.*1\.07 to 1\.17/),
    });
  });

  it('makes one undecided that is not found again, or was not measured', () => {
    for (const again of [
      confirmation({ ratio: 1, low: 0.99, high: 1.01 }),
      confirmation({ low: 1.01, high: 1.2 }),
      { ...confirmation({}), gate: [] },
    ]) {
      const results = withConfirmation(failed, again);
      expect(results).toMatchObject([
        { outcome: 'undecided', explanation: expect.stringMatching(/^Not confirmed.*1\.06 to 1\.14/) },
      ]);
      expect(exitCode(results, VALID, [])).toBe(3);
    }
  });

  describe('of what is suspected', () => {
    // × 1.06 against at most 5 % more: t is 1.9 on 9 degrees of freedom, beyond the limit with p = 0.045.
    const likely: Partial<Effect> = {
      ratio: 1.06,
      low: 1.043,
      high: 1.077,
      estimate: { scale: 'log', value: Math.log(1.06), standardError: 0.005, degreesOfFreedom: 9 },
    };
    const suspected = evaluateGate(planned(), [effect(likely)], VALID, {}, [], 60);

    it('is made where the run cannot tell, but a tenth of the runs on nothing at most look so', () => {
      expect(suspected).toMatchObject([{ outcome: 'undecided', suspected: true }]);
      const estimate = { scale: 'log', standardError: 0.005, degreesOfFreedom: 9 } as const;
      const marks = (change: Partial<Effect>, ...more: [Parameters<typeof evaluateGate>[3]?]) =>
        evaluateGate(planned(), [effect({ ...likely, ...change })], VALID, ...more).map(
          (one) => one.suspected ?? false,
        );
      expect(marks({ estimate: { ...estimate, value: Math.log(1.055) } })).toEqual([false]);
      expect(marks({ estimate: { ...estimate, value: Math.log(1.04) } })).toEqual([false]);
      expect(marks({ verdict: 'not-exercised', reason: 'so' })).toEqual([false]);
      // Smaller than the calibration lets the machine tell from no change.
      expect(marks({}, { 'cpu.per_request': 1.08 })).toEqual([false]);
      // Records of before have no estimate.
      const { estimate: _, ...older } = effect(likely);
      expect(evaluateGate(planned(), [older], VALID)[0]?.suspected).toBeUndefined();
    });

    it('fails where fresh processes find it, and both are told', () => {
      const results = withConfirmation(suspected, confirmation({ ratio: 1.12, low: 1.07, high: 1.17 }));
      expect(results).toMatchObject([
        {
          outcome: 'fail',
          explanation: expect.stringMatching(
            /^Likely in the run itself: .*1\.043 to 1\.077.*Found on fresh processes: .*1\.07 to 1\.17/,
          ),
        },
      ]);
      expect(suspected[0]?.explanation).toContain('would decide it');
      expect(results[0]?.explanation).not.toContain('would decide it');
      expect(exitCode(results, VALID, [])).toBe(1);
    });

    it('stays without a verdict where they do not, or were not asked', () => {
      const [result] = withConfirmation(suspected, confirmation({ ratio: 1, low: 0.99, high: 1.01 }));
      expect(result).toMatchObject({
        outcome: 'undecided',
        explanation: expect.stringMatching(/It looked likely, and was run again .*0\.99 to 1\.01/),
      });
      expect(withConfirmation(suspected, { ...confirmation({}), gate: [] })).toEqual(suspected);
      expect(withConfirmation(suspected, undefined)).toEqual(suspected);
    });
  });

  it('changes nothing of what had not failed', () => {
    const passed = evaluateGate(planned(), [effect({ ratio: 1, low: 0.99, high: 1.01 })], VALID);
    expect(withConfirmation(passed, confirmation({}))).toEqual(passed);
    expect(withConfirmation(failed, undefined)).toEqual(failed);
  });
});

describe('exitCode', () => {
  const results = (...outcomes: ('pass' | 'fail' | 'undecided')[]) =>
    outcomes.map((outcome) => ({ ...outcomeOf({}), outcome }));
  const variant = (status: RunVariant['status']): RunVariant => ({
    id: 'x',
    kind: 'plain',
    description: '',
    options: {},
    dataPlaneRoles: [],
    claims: [],
    status,
    reason: null,
    witness: null,
  });

  it('is 1 for any regression, before all else', () => {
    expect(exitCode(results('pass', 'undecided', 'fail'), VALID, [])).toBe(1);
    expect(exitCode(results('fail'), VALID, [], 'regression')).toBe(1);
  });

  it('is 3 when a gate cannot tell, unless only regressions fail', () => {
    expect(exitCode(results('pass', 'undecided'), VALID, [])).toBe(3);
    expect(exitCode(results('pass', 'undecided'), VALID, [], 'regression')).toBe(0);
  });

  it('is 0 when all gates pass', () => {
    expect(exitCode(results('pass'), VALID, [variant('measured'), variant('unavailable')])).toBe(0);
  });

  it('without gates is 3 for a run without a valid result', () => {
    expect(exitCode([], VALID, [variant('measured'), variant('unavailable')])).toBe(0);
    expect(exitCode([], VALID, [variant('failed')])).toBe(3);
    expect(exitCode([], VALID, [variant('not-exercised')])).toBe(3);
    expect(exitCode([], { status: 'invalid', reasons: [] }, [variant('measured')])).toBe(3);
    expect(exitCode([], { status: 'suspect', reasons: ['steal'] }, [variant('measured')])).toBe(0);
  });
});
