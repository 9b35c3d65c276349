import { describe, expect, it } from 'vitest';
import type { RecordLine } from '../record/index.js';
import { type BuiltVariant, buildRun } from '../stats/testing/record-builder.js';
import { endEarly } from './early-end.js';

const GATE = [{ metric: 'cpu.per_request' as const, maxIncrease: 0.1, maxDecrease: null, variants: null }];

/** Feeds a built run round by round to what may end it; the rounds that were measured, and why it ended. */
function follow(
  variants: readonly BuiltVariant[],
  settings: { looks?: number[]; failed?: string; budgetMs?: number; floor?: number; replicas?: number } = {},
) {
  const replicas = settings.replicas ?? 10;
  const { run, slices, windows } = buildRun({
    variants,
    rounds: 10,
    replicas,
    gate: GATE,
    replicaNoise: 0.01,
  });
  const kept: RecordLine[] = [];
  const smallestDecidable = settings.floor ?? 0;
  const { sink, decide, why } = endEarly(
    {
      ...run,
      planned: { ...run.planned, looks: settings.looks ?? [4, 5, 6, 7, 8, 9, 10] },
      floor: settings.floor === undefined ? null : { createdAt: '', seconds: 60, smallestDecidable },
    },
    settings.budgetMs ?? 1e9,
    { append: (line) => kept.push(line), sync: () => undefined },
  );
  let roundsDone = 0;
  const failures = new Map(settings.failed === undefined ? [] : [[settings.failed, 'it died']]);
  while (roundsDone < 10) {
    for (const line of [...slices, ...windows]) if (line.round === roundsDone) sink.append(line);
    roundsDone += 1;
    const replicasDone = Math.floor((roundsDone * replicas) / 10);
    const told = decide({ roundsDone, replicasDone, failures, elapsedMs: roundsDone * 6000 });
    if (told === 'stop') break;
  }
  return { roundsDone, why: why(), kept: kept.length, lines: slices.length + windows.length };
}

const worse = [{ id: 'plain' }, { id: 'mine', cpuMicros: 150 }];

describe('a run that may end early', () => {
  it('ends when its gate is decided, having passed on every line', () => {
    const ended = follow(worse);
    expect(ended).toMatchObject({ why: 'decided' });
    expect(ended.roundsDone).toBeGreaterThanOrEqual(4);
    expect(ended.roundsDone).toBeLessThan(10);
    expect(ended.kept).toBe((ended.lines * ended.roundsDone) / 10);
  });

  it('is looked at after whole sets of fresh processes alone', () => {
    const ended = follow(worse, { replicas: 5, looks: [4, 5] });
    expect(ended.roundsDone % 2).toBe(0);
  });

  it('goes on while one comparison is open, but not for a variant that has failed', () => {
    const three = [...worse, { id: 'near', cpuMicros: 110 }];
    expect(follow(three)).toMatchObject({ roundsDone: 10, why: null });
    expect(follow(three, { failed: 'near' }).why).toBe('decided');
    expect(follow(worse, { failed: 'mine' })).toMatchObject({ roundsDone: 10, why: null });
  });

  it('goes on while the change is smaller than the machine can tell by its calibration', () => {
    expect(follow(worse, { floor: 0.8 })).toMatchObject({ roundsDone: 10, why: null });
    expect(follow(worse, { floor: 0.01 }).why).toBe('decided');
  });

  it('ends with its budget', () => {
    expect(follow(worse, { looks: [10], budgetMs: 18_000 })).toMatchObject({ roundsDone: 3, why: 'budget' });
  });
});
