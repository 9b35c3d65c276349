import { describe, expect, test } from 'vitest';
import { formatFault, parseScenario } from '../scenario/index.js';
import {
  cellOf,
  loadOf,
  type PlanOverrides,
  planBlock,
  planScenario,
  withSteps,
  workloadOf,
} from './index.js';

const SCENARIO = `schema: meshmark.scenario/1
name: cells
load: {model: open, rate: 100/s}
matrix: {responseBytes: [1KiB, 64KiB], connections: [4, 16], exclude: [{responseBytes: 64KiB, connections: 16}]}
slices: {duration: 2s, blocks: 8, budget: 300s}
variants: [{id: direct}, {id: plain}, {id: pooled-buffer}]
baseline: plain
compare: [[direct, pooled-buffer]]
gate: [{metric: cpu.per_request, maxIncrease: 5%, variants: [pooled-buffer]}, {metric: latency.p50, maxIncrease: 9%}]
`;

function planOf(text: string, overrides: PlanOverrides = {}) {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  const result = planScenario(parsed.scenario, { path: 'f.yaml', text, overrides });
  if (!result.ok) throw new Error(result.faults.join('\n'));
  return result.plan;
}

describe('a plan of several cells', () => {
  const plan = planOf(SCENARIO);

  test('has every variant in every cell, with the cell’s own workload and load', () => {
    expect(plan.variants.map(({ id }) => id)).toEqual(
      ['1KiB,4conns', '1KiB,16conns', '64KiB,4conns'].flatMap((cell) =>
        ['direct', 'plain', 'pooled-buffer'].map((id) => `${id}@${cell}`),
      ),
    );
    expect(workloadOf(plan, 'plain@64KiB,4conns')).toMatchObject({
      responseBytes: { min: 65_536, max: 65_536 },
      connections: 4,
    });
    expect(workloadOf(plan, 'plain@1KiB,16conns').connections).toBe(16);
    expect(loadOf(plan, 'plain@1KiB,16conns')).toMatchObject({ ratePerSecond: 100 });
    expect(cellOf(plan, 'direct@64KiB,4conns')?.values).toEqual({ responseBytes: '64KiB', connections: '4' });
  });

  test('resolves options that follow from the workload for each cell', () => {
    const idle = (id: string) => {
      const form = plan.variants.find((one) => one.id === id)?.form;
      return form?.type === 'sidecar' ? form.idleUpstreamConnections : null;
    };
    expect(idle('pooled-buffer@1KiB,16conns')).toBe(16);
    expect(idle('pooled-buffer@1KiB,4conns')).toBe(4);
  });

  test('compares within a cell alone, and names the baseline of each', () => {
    const { baseline, baselines, pairs } = plan.analysis;
    expect(baseline).toBeNull();
    expect(baselines).toEqual(['plain@1KiB,4conns', 'plain@1KiB,16conns', 'plain@64KiB,4conns']);
    const cellIn = (id: string) => id.slice(id.indexOf('@'));
    expect(pairs.every((pair) => cellIn(pair.candidate) === cellIn(pair.baseline))).toBe(true);
    expect(pairs).toHaveLength(3 * 5);
    expect(pairs).toContainEqual({
      candidate: 'direct@64KiB,4conns',
      baseline: 'pooled-buffer@64KiB,4conns',
    });
    expect(plan.counterparts['pooled-buffer@64KiB,4conns']).toBe('plain@64KiB,4conns');
  });

  test('has each rule of the gate once, for the variants of all cells', () => {
    const pooled = ['1KiB,4conns', '1KiB,16conns', '64KiB,4conns'].map((cell) => `pooled-buffer@${cell}`);
    expect(plan.analysis.gate).toEqual([
      { metric: 'cpu.per_request', maxIncrease: 0.05, maxDecrease: null, variants: pooled },
      { metric: 'latency.p50', maxIncrease: 0.09, maxDecrease: null, variants: pooled },
    ]);
  });

  test('has one slice of each in a block, and counts the time of all of them', () => {
    const block = planBlock(plan, 0, 'long');
    expect(block.map(({ variant }) => variant).sort()).toEqual(plan.variants.map(({ id }) => id).sort());
    expect(plan.estimatedSeconds).toBeGreaterThan(8 * 9 * 2);
  });

  test('takes variants by the names that the scenario gives them', () => {
    const some = planOf(SCENARIO, { variants: ['pooled-buffer'] });
    expect(some.variants.map(({ id }) => id)).toEqual(
      ['1KiB,4conns', '1KiB,16conns', '64KiB,4conns'].flatMap((cell) => [
        `plain@${cell}`,
        `pooled-buffer@${cell}`,
      ]),
    );
  });

  test('tells one rate only where all cells have it', () => {
    expect(plan.analysis.offeredRatePerSecond).toBe(100);
    const rates = SCENARIO.replace(', rate: 100/s', '').replace(
      /^matrix: .*$/m,
      'matrix: {rate: [100/s, 200/s]}',
    );
    const own = planOf(rates);
    expect(own.analysis.offeredRatePerSecond).toBeNull();
    expect(loadOf(own, 'plain@200rps')).toMatchObject({ ratePerSecond: 200 });
  });

  test('is no plan of a sweep', () => {
    const stepped = withSteps(plan, {
      steps: { type: 'sweep', ratesPerSecond: [100, 200] },
      durationMs: 1000,
      warmupMs: 100,
      rounds: 2,
      budgetMs: null,
    });
    expect(stepped).toMatchObject({ ok: false, faults: [expect.stringContaining('matrix has several')] });
  });

  test('judges without a baseline what is asked of each pair', () => {
    const plain = planOf(SCENARIO.replace('baseline: plain\n', '').replace(/^gate: .*\n/m, ''));
    expect(plain.analysis).toMatchObject({ baseline: null });
    expect(plain.analysis.baselines).toBeUndefined();
  });
});
