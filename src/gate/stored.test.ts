import { describe, expect, it } from 'vitest';
import type { Level, PlannedAnalysis } from '../record/index.js';
import { buildRun } from '../stats/testing/record-builder.js';
import { evaluateAgainstStored } from './index.js';

const { planned } = buildRun({
  variants: [{ id: 'plain' }, { id: 'mine' }],
  baseline: 'plain',
  pairs: [{ candidate: 'mine', baseline: 'plain' }],
  rounds: 4,
}).run;

function level(value: number | null, halfWidth: number, changed: Partial<Level> = {}): Level {
  return {
    variant: 'mine',
    metric: 'cpu.per_request',
    track: 'micro',
    value,
    low: value === null ? null : value / (1 + halfWidth),
    high: value === null ? null : value * (1 + halfWidth),
    reason: null,
    ...changed,
  };
}

function outcomes(
  before: readonly Level[],
  after: readonly Level[],
  gate: PlannedAnalysis['gate'],
  floor = {},
) {
  return evaluateAgainstStored({ ...planned, gate }, before, after, 'main', floor);
}

const rule = { metric: 'cpu.per_request', maxIncrease: 0.05, maxDecrease: null, variants: ['mine'] } as const;
const gate = [{ ...rule, variants: ['mine'] }];

describe('a gate against stored figures', () => {
  it.each([
    [100, 'pass'],
    [104.9, 'undecided'],
    [120, 'fail'],
  ])('of 100 µs, with 1 %% either way, has %d µs %s', (now, outcome) => {
    const [result] = outcomes([level(100, 0.01)], [level(now, 0.01)], gate);
    expect(result?.outcome).toBe(outcome);
    expect(result?.baseline).toBe('main');
  });

  it('holds what both runs did not know: hypot(1 %, 1 %) is too wide for a limit 1.2 % away', () => {
    const far = outcomes([level(100, 0.01)], [level(106.3, 0.0001)], gate);
    const near = outcomes([level(100, 0.01)], [level(106.3, 0.01)], gate);
    expect(far[0]?.outcome).toBe('fail');
    expect(near[0]?.outcome).toBe('undecided');
  });

  it('widens its intervals with the number of rules, and names the coverage', () => {
    const many = [...gate, ...Array.from({ length: 9 }, () => ({ ...rule, variants: ['plain'] }))];
    const [one] = outcomes([level(100, 0.01)], [level(106.2, 0.005)], gate);
    const [ofTen] = outcomes([level(100, 0.01)], [level(106.2, 0.005)], many);
    expect(one?.outcome).toBe('fail');
    expect(ofTen?.outcome).toBe('undecided');
    expect(ofTen?.explanation).toContain('99.9 % interval');
  });

  it('decides nothing where a run lacks the figure or its interval, and nothing below the machine’s floor', () => {
    expect(outcomes([level(null, 0)], [level(100, 0.01)], gate)[0]?.outcome).toBe('undecided');
    const bare = level(100, 0, { low: null, high: null });
    expect(outcomes([bare], [level(100, 0.01)], gate)[0]?.explanation).toMatch(/no interval/);
    const floor = { 'cpu.per_request': 1.3 };
    expect(outcomes([level(100, 0.01)], [level(120, 0.01)], gate, floor)[0]?.outcome).toBe('undecided');
  });

  it('judges by the track that decides, not by the second driver', () => {
    const cross = { track: 'cross-check' } as const;
    const before = [level(100, 0.01, cross), level(100, 0.01)];
    const after = [level(200, 0.01, cross), level(100, 0.01)];
    expect(outcomes(before, after, gate)[0]?.outcome).toBe('pass');
  });
});
