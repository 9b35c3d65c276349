/** Ending a run when its gate is decided, and running a regression again before the gate fails. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readRun } from '../record/index.js';
import { type Ended, meshmark, scenarioFile, scratchFolder } from './command-line.js';

/** `plain` beside itself with so much CPU burnt, short slices, at most ten blocks. */
function burning(micros: number, settings: { limit: string; margin: string }): string {
  return scenarioFile(`schema: meshmark.scenario/1
name: may end early
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
slices: {blocks: 10, replicas: 10, budget: 60s, seed: 5, micro: {requests: 100, warmup: 30, perRound: 2s}}
margin: ${settings.margin}
variants:
  - {id: plain}
  - {id: burning, kind: sidecar, options: {testBurnMicros: ${micros}}}
baseline: plain
gate: [{metric: cpu.per_request, maxIncrease: ${settings.limit}}]
`);
}

const strict = { limit: '2%', margin: '3%' };

const pidsOf = (folder: string) =>
  new Set(readRun(folder).slices.flatMap(({ cpu }) => cpu.map(({ pid }) => pid)));

describe('a clear regression', () => {
  const out = join(scratchFolder(), 'run');
  let ended: Ended;

  beforeAll(async () => {
    ended = await meshmark(['run', burning(120, strict), '--out', out]);
  });

  it('ends the run early, is found again on fresh processes with another seed, and fails the gate', () => {
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(1);
    const { run } = readRun(out);
    expect(run.ending?.why).toBe('decided');
    expect(run.ending?.rounds).toBeLessThan(10);
    expect(run.analysis?.gate).toMatchObject([{ outcome: 'fail' }]);
    expect(run.confirmation?.gate).toMatchObject([{ outcome: 'fail', candidate: 'burning' }]);
    expect(run.confirmation?.seed).not.toBe(run.seed);
    const again = pidsOf(join(out, 'confirmation'));
    expect(again.size).toBeGreaterThan(0);
    expect([...pidsOf(out)].filter((pid) => again.has(pid))).toEqual([]);
  });

  it('is told on the terminal and in the reports: after how many blocks, and that it was confirmed', () => {
    expect(ended.stdout).toMatch(/^Stopped after \d of 10 blocks: every rule of the gate was decided/m);
    expect(ended.stdout).toMatch(
      /^What may be a regression was run again on fresh processes with seed \d+ .*found again/m,
    );
    expect(ended.stdout).not.toContain('planned rounds');
    for (const name of ['report.html', 'report.md']) {
      const report = readFileSync(join(out, name), 'utf8');
      expect(report).toMatch(/Stopped after \d of 10 blocks/);
      expect(report).toContain('run again on fresh processes');
    }
    expect(readdirSync(join(out, 'confirmation'))).toContain('report.html');
  });

  it('has its looks in the record, and the slices alone give the same looks and the same gate', async () => {
    const { run } = readRun(out);
    const looks = run.analysis?.looks ?? [];
    expect(looks.map(({ replicas }) => replicas)).toEqual(
      [4, 5, 6, 7, 8, 9, 10].slice(0, (run.ending?.replicas ?? 0) - 3),
    );
    expect(looks.at(-1)?.findings).toMatchObject([{ decision: 'worse', candidate: 'burning' }]);
    for (const { findings } of looks.slice(0, -1))
      expect(findings).toMatchObject([{ decision: 'undecided' }]);

    const copy = join(scratchFolder(), 'run');
    cpSync(out, copy, { recursive: true });
    for (const folder of [copy, join(copy, 'confirmation')]) {
      const file = join(folder, 'run.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), analysis: null }));
    }
    const reported = await meshmark(['report', copy]);
    expect(reported.exitCode, reported.stderr).toBe(0);
    expect(readRun(copy).run.analysis).toEqual(run.analysis);
    expect((await meshmark(['gate', copy])).exitCode).toBe(1);
  });

  it('is no verdict when the second run does not find it', async () => {
    const copy = join(scratchFolder(), 'run');
    cpSync(out, copy, { recursive: true });
    // In the second run the two change places, so that it finds the candidate cheaper.
    const file = join(copy, 'confirmation', 'slices.jsonl');
    const swapped = readFileSync(file, 'utf8').replace(
      /"variant":"(plain|burning)"/g,
      (_, id: string) => `"variant":"${id === 'plain' ? 'burning' : 'plain'}"`,
    );
    writeFileSync(file, swapped);
    const ended = await meshmark(['gate', copy]);
    expect(ended.exitCode, ended.stdout).toBe(3);
    expect(ended.stdout).toMatch(/gate undecided: .*Not confirmed/);
    expect(ended.stdout).toContain('it was not found again');
    expect((await meshmark(['gate', copy, '--fail-on', 'regression'])).exitCode).toBe(0);
  });
});

describe('a difference that is none', () => {
  it('ends the run early as equivalent when the margin is wide, and passes', async () => {
    const out = join(scratchFolder(), 'run');
    // A run ends when the limit is decided: with the margin as far off, one that came out a little cheaper is not yet equal then.
    const scenario = burning(0, { limit: '30%', margin: '50%' });
    const ended = await meshmark(['run', scenario, '--out', out, '--json']);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const { run } = readRun(out);
    expect(run.ending).toMatchObject({ why: 'decided' });
    expect(run.ending?.rounds).toBeLessThan(10);
    expect(run.analysis?.looks?.at(-1)?.findings).toMatchObject([{ decision: 'within', equivalent: true }]);
    expect(run.analysis?.effects.find(({ gated }) => gated)?.verdict).toBe('equivalent');
    expect(run.confirmation).toBeUndefined();
    expect(JSON.parse(ended.stdout)).toMatchObject({ ending: { why: 'decided' } });
  });
});

describe('a run that was told to go on to its end and not to confirm', () => {
  it('does so, and is judged once', async () => {
    const out = join(scratchFolder(), 'run');
    const scenario = burning(120, strict);
    const options = ['--no-early-stop', '--no-confirm', '--blocks', '6'];
    const ended = await meshmark(['run', scenario, '--out', out, ...options]);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(1);
    const { run } = readRun(out);
    expect(run.ending).toEqual({ rounds: 6, replicas: 6, why: 'planned' });
    expect(run.analysis?.looks).toBeUndefined();
    expect(run.confirmation).toBeUndefined();
    expect(run.command).toEqual(expect.arrayContaining(['--no-early-stop', '--no-confirm']));
  });
});
