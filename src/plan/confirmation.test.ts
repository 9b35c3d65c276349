import { describe, expect, it } from 'vitest';
import type { GateResult } from '../record/index.js';
import { confirmationOf, type Plan, planBlock } from './index.js';
import { planned, planOf } from './testing/plan-of.js';

const SCENARIO = `schema: meshmark.scenario/1
name: planned
slices: {blocks: 10, budget: 60s, micro: {perRound: 2s}}
variants: [{id: plain}, {id: pooled-buffer}, {id: lean}]
baseline: plain
gate:
  - {metric: cpu.per_request, maxIncrease: 5%}
  - {metric: alloc.bytes_per_request, maxIncrease: 5%, variants: [pooled-buffer]}
`;

const FAILED: GateResult = {
  metric: 'cpu.per_request',
  candidate: 'lean',
  baseline: 'plain',
  limit: 'at most 5 % more',
  outcome: 'fail',
  explanation: '',
};

describe('the looks of a plan', () => {
  it('are after each set of fresh processes from the fourth on', () => {
    expect(planOf(SCENARIO).analysis.looks).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(planOf(SCENARIO, { blocks: 6 }).analysis.looks).toEqual([4, 5, 6]);
  });

  it('are none without a gate, where it is turned off, and where the first would be the last', () => {
    expect(planOf(SCENARIO.slice(0, SCENARIO.indexOf('gate:'))).analysis.looks).toBeUndefined();
    expect(planOf(SCENARIO, { earlyStop: false }).analysis.looks).toBeUndefined();
    const off = SCENARIO.replace('blocks: 10,', 'blocks: 10, earlyStop: false,');
    expect(planOf(off).analysis.looks).toBeUndefined();
    expect(planOf(SCENARIO, { blocks: 4 }).analysis.looks).toBeUndefined();
  });
});

describe('the plan of a confirmation', () => {
  const plan = planOf(SCENARIO);
  const again = confirmationOf(plan, [FAILED]);

  it('is of the failed rule and its variants alone, with another seed', () => {
    expect(again?.variants.map(({ id }) => id)).toEqual(['plain', 'lean']);
    expect(again?.analysis.gate).toMatchObject([{ metric: 'cpu.per_request', variants: ['lean'] }]);
    expect(again?.analysis.pairs.every(({ candidate }) => candidate === 'lean')).toBe(true);
    expect(again?.schedule.seed).not.toBe(plan.schedule.seed);
    // It has only to leave out that the run itself was wrong.
    expect([plan.analysis.confidence, again?.analysis.confidence]).toEqual([0.99, 0.9]);
    expect(confirmationOf(plan, [FAILED])).toEqual(again);
    expect(new Set(planBlock(again as Plan, 0, 'micro').map(({ variant }) => variant))).toEqual(
      new Set(['plain', 'lean']),
    );
  });

  it('may take its part of the budget, and has as many blocks as fit', () => {
    expect(again?.schedule).toMatchObject({ rounds: 10, replicas: 10, budgetMs: 60_000 });
    const half = confirmationOf(planOf(SCENARIO.replace('60s', '60s, confirm: 40%')), [FAILED]);
    expect(half?.schedule).toMatchObject({ budgetMs: 24_000, rounds: 7, replicas: 7 });
    expect(half?.analysis).toMatchObject({ rounds: 7, replicas: 7, looks: [4, 5, 6, 7] });
    expect(half?.estimatedSeconds).toBeLessThanOrEqual(24);
  });

  it('is none where confirming is off, and none is asked for again of a confirmation', () => {
    expect(confirmationOf(planOf(SCENARIO, { confirm: false }), [FAILED])).toBeNull();
    expect(confirmationOf(planOf(SCENARIO.replace('60s', '60s, confirm: 0%')), [FAILED])).toBeNull();
    expect(confirmationOf(plan, [])).toBeNull();
    expect(confirmationOf(again as Plan, [FAILED])).toBeNull();
  });

  it('is refused before the run where its part of the budget has no room for an interval', () => {
    const result = planned(SCENARIO.replace('60s', '60s, confirm: 10%'));
    expect(result).toEqual({
      ok: false,
      faults: [
        '`slices.confirm` leaves 6 s to run a regression again, which needs about 15 s; use `confirm: 25%`, or `confirm: 0%` for none',
      ],
    });
  });
});
