import { describe, expect, it } from 'vitest';
import { formatFault, parseScenario } from '../scenario/index.js';
import { type PlannedScenario, type PlanOverrides, planScenario } from './index.js';

const SCENARIO = `schema: meshmark.scenario/1
name: compared
slices: {blocks: 8, micro: {perRound: 2s}}
variants:
  - {id: direct}
  - {id: plain}
  - {id: pooled-buffer}
  - {id: haproxy}
  - {id: mine, kind: custom, build: [make], command: [./mine, "{listen}", "{upstream}"]}
baseline: plain
gate:
  - {metric: cpu.per_request, maxIncrease: 5%}
  - {metric: alloc.bytes_per_request, maxIncrease: 5%, variants: [pooled-buffer]}
`;

function planned(overrides: PlanOverrides, text = SCENARIO): PlannedScenario {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  return planScenario(parsed.scenario, { path: 'f.yaml', text, overrides });
}

function planOf(overrides: PlanOverrides, text = SCENARIO) {
  const result = planned(overrides, text);
  if (!result.ok) throw new Error(result.faults.join('\n'));
  return result.plan;
}

describe('a plan against another commit', () => {
  it('has each variant that is built beside its own base, and no other', () => {
    const { variants, analysis } = planOf({ against: { ownDataPlane: true } });
    expect(variants.map(({ id, build }) => [id, build?.version, build?.command ?? null])).toEqual([
      ['plain', 'own', null],
      ['plain-base', 'base', null],
      ['pooled-buffer', 'own', null],
      ['pooled-buffer-base', 'base', null],
      ['mine', 'own', ['make']],
      ['mine-base', 'base', ['make']],
    ]);
    expect(analysis.baselines).toEqual(['plain-base', 'pooled-buffer-base', 'mine-base']);
    // The baseline of the scenario is gated too: against itself.
    expect(analysis.gate.map(({ variants }) => variants)).toEqual([
      ['plain', 'pooled-buffer', 'mine'],
      ['pooled-buffer'],
    ]);
  });

  it('compares counterparts within a version, never across', () => {
    const { analysis, counterparts } = planOf({ against: { ownDataPlane: true } });
    expect(analysis.pairs.map(({ candidate, baseline }) => `${candidate} / ${baseline}`)).toEqual([
      'plain / plain-base',
      'pooled-buffer / pooled-buffer-base',
      'mine / mine-base',
      'pooled-buffer / plain',
      'pooled-buffer-base / plain-base',
    ]);
    expect(counterparts['pooled-buffer-base']).toBe('plain-base');
  });

  it('leaves the Go sidecars out where they are not of the scenario’s repository', () => {
    const { variants } = planOf({ against: { ownDataPlane: false } });
    expect(variants.map(({ id }) => id)).toEqual(['mine', 'mine-base']);
  });

  it('takes only the variants asked for, without the scenario’s baseline', () => {
    const { variants } = planOf({ against: { ownDataPlane: true }, variants: ['pooled-buffer'] });
    expect(variants.map(({ id }) => id)).toEqual(['pooled-buffer', 'pooled-buffer-base']);
  });

  it('has the bases of each cell of a matrix', () => {
    const text = SCENARIO.replace('slices:', 'matrix: {responseBytes: [1KiB, 64KiB]}\nslices:').replace(
      /\n {2}- \{id: (haproxy|mine).*/g,
      '',
    );
    const { analysis } = planOf({ against: { ownDataPlane: true }, variants: ['plain'] }, text);
    expect(analysis.baselines).toEqual(['plain-base@1KiB', 'plain-base@64KiB']);
    expect(analysis.pairs).toEqual([
      { candidate: 'plain@1KiB', baseline: 'plain-base@1KiB' },
      { candidate: 'plain@64KiB', baseline: 'plain-base@64KiB' },
    ]);
  });

  it('is refused where nothing is built, or an id is taken', () => {
    const without = planned({ against: { ownDataPlane: true }, variants: ['haproxy'] });
    expect(without.ok ? [] : without.faults.join()).toMatch(/nothing differs from one commit to another/);
    const text = SCENARIO.replace('{id: haproxy}', '{id: plain-base, kind: haproxy}');
    const taken = planned({ against: { ownDataPlane: true } }, text);
    expect(taken.ok ? [] : taken.faults).toEqual([
      'the id `plain-base` is taken, and `--against` needs it for the other version of `plain`; rename it',
    ]);
  });
});
