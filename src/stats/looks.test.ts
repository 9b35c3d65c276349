import { describe, expect, it } from 'vitest';
import type { GateRule, Look, RunRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { lookAfter, looksUpTo } from './looks.js';
import { type BuiltVariant, buildRun } from './testing/record-builder.js';

const RULE: GateRule = { metric: 'cpu.per_request', maxIncrease: 0.1, maxDecrease: null, variants: null };
const LOOKS = [4, 5, 6, 7, 8, 9, 10];

function built(candidate: Partial<BuiltVariant>, rules: GateRule[] = [RULE], rounds = 10) {
  const record = buildRun({
    variants: [{ id: 'plain' }, { id: 'mine', ...candidate }],
    rounds,
    gate: rules,
    replicaNoise: 0.01,
  });
  return { ...record, run: { ...record.run, planned: { ...record.run.planned, looks: LOOKS } } };
}

const firstDecided = (looks: readonly Look[]) =>
  looks.find(({ findings }) => findings.every(({ decision }) => decision !== 'undecided'));

describe('looks at a run', () => {
  it('find a clear regression before the end, and keep that to the last look', () => {
    const { run, slices, windows } = built({ cpuMicros: 140 });
    const looks = analyse(run, slices, windows).analysis.looks ?? [];
    expect(looks.map(({ replicas }) => replicas)).toEqual(LOOKS);
    expect(firstDecided(looks)?.replicas).toBeLessThan(10);
    expect(looks.at(-1)?.findings).toMatchObject([
      {
        rule: 0,
        metric: 'cpu.per_request',
        candidate: 'mine',
        scale: 'ratio',
        decision: 'worse',
        equivalent: false,
      },
    ]);
    expect(looks.at(-1)?.findings[0]?.low).toBeGreaterThan(1.1);
  });

  it('find no difference within the limit before the end, and equivalence once the interval fits the margin', () => {
    const { run, slices, windows } = built({});
    const looks = analyse(run, slices, windows).analysis.looks ?? [];
    expect(firstDecided(looks)?.findings[0]?.decision).toBe('within');
    expect(firstDecided(looks)?.replicas).toBeLessThan(10);
    for (const { findings } of looks) {
      const [{ low = null, high = null, equivalent } = { equivalent: false }] = findings;
      expect(equivalent).toBe(low !== null && high !== null && low >= 1 / 1.05 && high <= 1.05);
    }
    expect(looks.at(-1)?.findings[0]?.equivalent).toBe(true);
  });

  it('are the same taken during the run, from what there was by then, and from the whole record', () => {
    const { run, slices, windows } = built({ cpuMicros: 104 });
    const afterwards = analyse(run, slices, windows).analysis.looks;
    const live: Look[] = [];
    for (const replicas of LOOKS) {
      const then = <T extends { readonly replica: number }>(lines: readonly T[]) =>
        lines.filter(({ replica }) => replica < replicas);
      const look = lookAfter(run, then(slices), then(windows), replicas, live);
      if (look !== null) live.push(look);
    }
    expect(live).toEqual(afterwards);
  });

  it('narrow, and tell at the end the interval of the effect itself', () => {
    const { run, slices, windows } = built({});
    const { looks = [], effects } = analyse(run, slices, windows).analysis;
    const width = (look: Look | undefined) =>
      Math.log((look?.findings[0]?.high ?? 0) / (look?.findings[0]?.low ?? 0));
    expect(width(looks.at(-1))).toBeLessThan(width(looks[2]));
    const effect = effects.find(({ gated }) => gated);
    const last = looks.at(-1)?.findings[0];
    expect(effect?.low).toBeCloseTo(last?.low ?? 0, 9);
    expect(effect?.high).toBeCloseTo(last?.high ?? 0, 9);
    // An early look has less of the error than the last.
    const once = analyse({ ...run, planned: withoutLooks(run) }, slices, windows).analysis;
    const plain = once.effects.find(({ gated }) => gated);
    expect((effect?.high ?? 0) - (effect?.low ?? 0)).toBeGreaterThan((plain?.high ?? 0) - (plain?.low ?? 0));
    expect(effect?.pAdjusted).toBeGreaterThanOrEqual(plain?.pAdjusted ?? 1);
    expect(once.looks).toBeUndefined();
  });

  it('judge a run that ended early by the look at which it did', () => {
    const { run, slices, windows } = built({ cpuMicros: 140 });
    const six = <T extends { readonly replica: number }>(lines: readonly T[]) =>
      lines.filter(({ replica }) => replica < 6);
    const ending = { rounds: 6, replicas: 6, why: 'decided' as const };
    const early = analyse({ ...run, ending }, six(slices), six(windows)).analysis;
    const whole = analyse(run, slices, windows).analysis;
    expect(early.looks).toEqual(whole.looks?.slice(0, 3));
    const effect = early.effects.find(({ gated }) => gated);
    expect(effect?.low).toBeCloseTo(early.looks?.at(-1)?.findings[0]?.low ?? 0, 9);
    expect(effect?.replicas).toBe(6);
    // Fewer blocks than planned are no doubt when no more were needed.
    expect(early.validity.reasons.join()).not.toContain('planned rounds');
  });

  it('turn a metric round that is better when higher', () => {
    const rule: GateRule = { metric: 'throughput', maxIncrease: null, maxDecrease: 0.2, variants: null };
    const record = buildRun({
      variants: [{ id: 'plain' }, { id: 'mine' }],
      rounds: 10,
      gate: [rule],
      model: 'closed',
    });
    const run = { ...record.run, planned: { ...record.run.planned, looks: LOOKS } };
    // A third slower, and not in every set of processes alike.
    const slower = record.slices.map((slice) => ({
      ...slice,
      endedAtMicros:
        slice.endedAtMicros +
        (slice.variant === 'mine' ? 0.5 + 0.02 * (slice.replica % 3) : 0) *
          (slice.endedAtMicros - slice.startedAtMicros),
    }));
    const last = analyse(run, slower, record.windows).analysis.looks?.at(-1)?.findings[0];
    expect(last).toMatchObject({ decision: 'worse', value: expect.closeTo(0.66, 1) });
    expect(last?.low).toBeLessThan(last?.value ?? 0);
    expect(last?.high).toBeGreaterThan(last?.value ?? 9);
    expect(last?.high).toBeLessThan(0.8);
  });

  it('say nothing of a variant that failed, and judge the difference where there is no ratio', () => {
    const failed = built({ cpuMicros: 140, status: 'failed', reason: 'it died' });
    const [look] = looksUpTo(failed.run, failed.slices, failed.windows, 4);
    expect(look?.findings).toMatchObject([{ decision: 'undecided', value: null }]);
    const record = buildRun({
      variants: [{ id: 'direct', roles: [] }, { id: 'mine' }],
      rounds: 10,
      gate: [RULE],
    });
    const run = { ...record.run, planned: { ...record.run.planned, looks: LOOKS } };
    const last = analyse(run, record.slices, record.windows).analysis.looks?.at(-1)?.findings[0];
    expect(last).toMatchObject({ scale: 'difference', decision: 'worse' });
    expect(last?.low).toBeGreaterThan(50);
  });

  it('are none where the plan has none, or nothing to decide', () => {
    const { run, slices, windows } = built({}, []);
    expect(analyse(run, slices, windows).analysis.looks).toBeUndefined();
  });
});

function withoutLooks({ planned }: RunRecord): RunRecord['planned'] {
  const { looks: _, ...rest } = planned;
  return rest;
}
