import { describe, expect, it } from 'vitest';
import { formatFault, parseScenario } from '../scenario/index.js';
import { againstItself, type Plan, planScenario } from './index.js';

const SCENARIO = `schema: meshmark.scenario/1
name: planned
load: {model: open, rate: 800/s}
slices: {duration: 2s, blocks: 10, micro: {perRound: 2s}}
crossCheck: {every: 3}
variants: [{id: direct}, {id: plain}, {id: pooled-buffer}]
baseline: plain
gate: [{metric: latency.p99, maxIncrease: 10%, variants: [pooled-buffer]}]
`;

function planOf(text: string): Plan {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  const planned = planScenario(parsed.scenario, { path: 'f.yaml', text });
  if (!planned.ok) throw new Error(planned.faults.join('\n'));
  return planned.plan;
}

describe('a scenario’s calibration', () => {
  const made = againstItself(planOf(SCENARIO), 120_000);
  const plan = made.ok ? made.plan : null;

  it('has the baseline beside itself under the scenario’s own traffic and slices, judged by its gate’s metrics', () => {
    expect(plan?.variants.map(({ id, kind }) => [id, kind])).toEqual([
      ['plain', 'plain'],
      ['plain-again', 'plain'],
    ]);
    expect(plan?.workload).toEqual(planOf(SCENARIO).workload);
    expect(plan?.schedule).toMatchObject({
      long: { durationMs: 2000 },
      micro: { perRoundMs: 2000 },
      crossCheck: null,
    });
    expect(plan?.analysis.gate.map(({ metric }) => metric)).toEqual(['cpu.per_request', 'latency.p99']);
    expect(plan?.analysis.pairs).toEqual([{ candidate: 'plain-again', baseline: 'plain' }]);
  });

  it('takes about the time it is given, on fresh processes each round, and ends neither early nor twice', () => {
    expect(plan?.estimatedSeconds).toBeGreaterThan(100);
    expect(plan?.estimatedSeconds).toBeLessThanOrEqual(120);
    expect(plan?.schedule.replicas).toBe(plan?.schedule.rounds);
    expect(plan?.analysis.looks).toBeUndefined();
    expect(plan?.schedule.confirmBudgetMs).toBe(0);
    const short = againstItself(planOf(SCENARIO), 1000);
    expect(short.ok && short.plan.schedule.rounds).toBe(8);
  });

  it('is of the first data plane where the baseline is direct, and refused where there is none to take', () => {
    const direct = againstItself(planOf(SCENARIO.replace('baseline: plain', 'baseline: direct')), 60_000);
    expect(direct.ok && direct.plan.variants.map(({ id }) => id)).toEqual(['plain', 'plain-again']);
    const none = SCENARIO.slice(0, SCENARIO.indexOf('variants')).concat('variants: [{id: direct}]\n');
    expect(againstItself(planOf(none), 60_000).ok).toBe(false);
  });
});
