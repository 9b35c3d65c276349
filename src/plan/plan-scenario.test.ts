import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlanOverrides } from './index.js';
import { planned, planOf } from './testing/plan-of.js';

const scenarios = join(import.meta.dirname, '..', '..', 'scenarios');
const SCENARIO = `schema: meshmark.scenario/1
name: planned
load: {model: open, rate: 800/s}
slices: {duration: 2s, warmup: 300ms, blocks: 10, budget: 120s, micro: {perRound: 2s}}
crossCheck: {every: 3}
variants: [{id: direct}, {id: plain}, {id: pooled-buffer}]
baseline: plain
gate:
  - {metric: cpu.per_request, maxIncrease: 5%}
  - {metric: alloc.bytes_per_request, maxIncrease: 5%, variants: [pooled-buffer]}
`;

function faultsOf(text: string, overrides: PlanOverrides = {}): readonly string[] {
  const result = planned(text, overrides);
  return result.ok ? [] : result.faults;
}

describe('planScenario', () => {
  it.each(readdirSync(scenarios).filter((name) => name.endsWith('.yaml')))(
    'plans %s within its budget',
    (file) => {
      const text = readFileSync(join(scenarios, file), 'utf8');
      expect(text.startsWith('# yaml-language-server: $schema=scenario.schema.json\n')).toBe(true);
      const plan = planOf(text);
      expect(plan.estimatedSeconds * 1000).toBeLessThanOrEqual(plan.schedule.budgetMs);
      expect(plan.schedule.replicas).toBeGreaterThanOrEqual(4);
    },
  );

  it('profiles the sidecars that speak TLS, says why it leaves the others out, and counts the time', () => {
    const text = SCENARIO.replace('budget: 120s', 'budget: 300s').replace(
      '{id: pooled-buffer}]',
      '{id: pooled-buffer}, {id: tls-rsa}]',
    );
    const without = planOf(text);
    const plan = planOf(`${text}offloadCeiling: {duration: 2s}\n`);
    expect(without.schedule.profiles).toBeNull();
    expect(without.analysis.offloadCeiling).toBeUndefined();
    expect(plan.schedule.profiles).toEqual({ durationMs: 2000, variants: ['tls-rsa'] });
    expect(plan.analysis.offloadCeiling).toMatchObject({
      seconds: 2,
      leftOut: {
        direct: expect.stringMatching(/no proxy/),
        plain: expect.stringMatching(/none of its hops/),
      },
    });
    // One profile of 2 s with a second around it in each of the 10 replicas.
    expect(plan.estimatedSeconds - without.estimatedSeconds).toBeCloseTo(30, 6);
  });

  it('compares with the baseline, with direct, and each pair once', () => {
    const text = SCENARIO.replace(
      'gate:',
      'compare: [[pooled-buffer, plain], [direct, pooled-buffer]]\ngate:',
    );
    expect(planOf(text).analysis.pairs).toEqual([
      { candidate: 'direct', baseline: 'plain' },
      { candidate: 'pooled-buffer', baseline: 'plain' },
      { candidate: 'plain', baseline: 'direct' },
      { candidate: 'pooled-buffer', baseline: 'direct' },
      { candidate: 'direct', baseline: 'pooled-buffer' },
    ]);
  });

  const tls = (variants: string) => `schema: meshmark.scenario/1
name: tls
slices: {micro: {perRound: 2s}}
variants: ${variants}
baseline: plain
`;

  it('compares each variant with its counterpart, once, where they differ in nothing else', () => {
    const plan = planOf(
      tls(
        '[{id: plain}, {id: tls-rsa}, {id: tls-ecdsa}, {id: old-rsa, kind: tls-rsa, options: {tls: {version: "1.2"}}}]',
      ),
    );
    expect(plan.counterparts).toEqual({
      plain: null,
      'tls-rsa': 'tls-ecdsa',
      'tls-ecdsa': 'tls-rsa',
      'old-rsa': null,
    });
    expect(plan.analysis.pairs.filter(({ baseline }) => baseline !== 'plain')).toEqual([
      { candidate: 'tls-rsa', baseline: 'tls-ecdsa' },
    ]);
  });

  it('compares what an ablation takes off with the whole, and what it adds with nothing', () => {
    const ablation =
      'ablation: {from: plain, to: all-on, factors: [{name: pool, off: less, on: pooled-buffer}]}\n';
    const text = `${tls('[{id: plain}, {id: all-on}, {id: pooled-buffer}, {id: less, kind: all-on, options: {buffers: fresh}}]')}${ablation}`;
    expect(planOf(text).analysis.pairs).toContainEqual({ candidate: 'less', baseline: 'all-on' });
    expect(planOf(text).ablation?.factors).toEqual([{ name: 'pool', off: 'less', on: 'pooled-buffer' }]);
    expect(planOf(text, { variants: ['all-on'] }).ablation).toBeNull();
  });

  it('adds up what the run takes', () => {
    // 3.2 s start-up and control, 10 replicas × 0.7 s, 10 rounds × (2 + 3 × 2.3 + 0.25) s, 3 cross-checks × 3 × 1.8 s.
    expect(planOf(SCENARIO).estimatedSeconds).toBeCloseTo(3.2 + 7 + 91.5 + 16.2, 6);
  });

  it('refuses a plan beyond its budget, with the numbers and blocks that do fit', () => {
    const [fault, more] = faultsOf(SCENARIO.replace('120s', '100s'));
    expect(more).toBeUndefined();
    expect(fault).toBe(
      'the plan needs about 118 s, and its budget is 100 s; `blocks: 8` with `replicas: 8` fits, and so does `budget: 118s`',
    );
    expect(planOf(SCENARIO.replace('120s', '100s'), { blocks: 8 }).schedule.rounds).toBe(8);
    expect(faultsOf(SCENARIO.replace('120s', '100s'), { blocks: 9 })).toHaveLength(1);
    expect(faultsOf(SCENARIO.replace('120s', '5s'))[0]).toMatch(/not even one block fits/);
  });

  it('keeps the baseline when only other variants are asked for, and drops what names missing ones', () => {
    const plan = planOf(SCENARIO, { variants: ['direct'] });
    expect(plan.variants.map(({ id }) => id)).toEqual(['direct', 'plain']);
    expect(plan.analysis.pairs).toEqual([
      { candidate: 'direct', baseline: 'plain' },
      { candidate: 'plain', baseline: 'direct' },
    ]);
    // The one candidate left is the control, which a rule that names no variant does not judge.
    expect(plan.analysis.gate).toEqual([]);
  });

  it('has a rule that names no variant hold for every candidate but the control', () => {
    const { gate } = planOf(SCENARIO).analysis;
    const rule = gate.find(({ metric }) => metric === 'cpu.per_request');
    expect(rule?.variants).toEqual(['pooled-buffer']);
  });

  it('refuses overrides that the scenario cannot take', () => {
    expect(faultsOf(SCENARIO, { variants: ['pooled'] })[0]).toMatch(/no variant `pooled`/);
    expect(faultsOf(SCENARIO, { sliceMs: 500 })[0]).toMatch(/steady state/);
    expect(faultsOf(SCENARIO, { blocks: 0, seed: -1 })).toHaveLength(2);
  });

  it('takes fewer replicas along when an override asks for fewer blocks', () => {
    const text = SCENARIO.replace('blocks: 10', 'blocks: 10, replicas: 10');
    expect(planOf(text, { blocks: 3 }).schedule.replicas).toBe(3);
    expect(planOf(SCENARIO.replace('blocks: 10', 'blocks: 30').replace('120s', '1h')).schedule.replicas).toBe(
      12,
    );
  });

  it('refuses rounds that measure for less than a batch needs', () => {
    const text = SCENARIO.replace(', micro: {perRound: 2s}', '').replace('duration: 2s', 'duration: 1s');
    expect(faultsOf(text)).toEqual([]);
    const alone = `${text.replace(/variants:.*/s, '')}variants: [{id: a, kind: plain}, {id: b, kind: plain}]\nbaseline: a\n`;
    expect(faultsOf(alone, { variants: ['a'] })[0]).toMatch(/batches of at least 2 s/);
  });

  it('plans short slices as a closed loop without a rate', () => {
    const { load, analysis } = planOf(
      SCENARIO.replace(/load: .*\n/, '')
        .replace('duration: 2s, warmup: 300ms, ', '')
        .replace(/crossCheck: .*\n/, ''),
    );
    expect(load).toEqual({ driver: 'loadgen', model: 'closed', thinkMs: 0 });
    expect(analysis).toMatchObject({
      model: 'closed',
      offeredRatePerSecond: null,
      hasMicro: true,
      hasLong: false,
    });
  });
});
