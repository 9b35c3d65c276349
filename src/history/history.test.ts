import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyse } from '../stats/index.js';
import { buildRun } from '../stats/testing/record-builder.js';
import { addToHistory, type HistoryLine, linesOf, readHistory, trendsOf } from './index.js';

const built = buildRun({
  variants: [
    { id: 'plain' },
    { id: 'direct', roles: [] },
    { id: 'pooled', cpuMicros: 80 },
    { id: 'gone', status: 'unavailable' },
  ],
  baseline: 'plain',
  pairs: [{ candidate: 'pooled', baseline: 'plain' }],
  rounds: 4,
  microBlocksPerRound: 2,
  gate: [{ metric: 'gc.cycles_per_1k', maxIncrease: 0.1, maxDecrease: null, variants: null }],
});
const { analysis, variants } = analyse(built.run, built.slices, built.windows);
const run = { ...built.run, variants };
const lines = linesOf(run, analysis, 'c0ffee');

/** The first line as told by run number `index`, a day apart. */
function nth(index: number, value: number, changed: Partial<HistoryLine> = {}): HistoryLine {
  const [line] = lines;
  if (line === undefined) throw new Error('there is no line');
  const time = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
  return { ...line, time, runId: `run-${String(index).padStart(3, '0')}`, value, ...changed };
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-history-'));
  file = join(folder, 'history.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lines of a run', () => {
  it('are its gated and primary figures, levels and effects, each complete in itself', () => {
    const figures = lines.map(({ variant, baseline, metric }) => [variant, baseline, metric].join(' '));
    expect(figures).toContain('plain  cpu.per_request');
    expect(figures).toContain('pooled plain cpu.per_request');
    expect(figures).toContain('pooled plain gc.cycles_per_1k');
    expect(figures).toContain('plain  latency.p99');
    expect(figures).toContain('direct  latency.p50');
    expect(figures).not.toContain('direct  cpu.per_request');
    // In open load the throughput is what was asked for.
    expect(figures.join()).not.toMatch(/gone|throughput|memory/);
    expect(new Set(figures).size).toBe(figures.length);
    const effect = lines.find(({ baseline, metric }) => baseline === 'plain' && metric === 'cpu.per_request');
    const judged = analysis.effects.find(({ metric }) => metric === 'cpu.per_request');
    expect(effect).toMatchObject({
      value: judged?.ratio,
      low: judged?.low,
      high: judged?.high,
      commit: 'c0ffee',
      machine: run.machine.fingerprint,
      runId: run.runId,
      time: run.createdAt,
    });
  });

  it('know a scenario by what it says, not by its comments', () => {
    const digest = (text: string) =>
      linesOf({ ...run, scenario: { ...run.scenario, text } }, analysis, null)[0]?.scenario.digest;
    expect(digest('a: 1 # one\nb: [2, 3]\n')).toBe(digest('# a comment\na: 1\nb:\n  - 2\n  - 3\n'));
    expect(digest('a: 1\n')).not.toBe(digest('a: 2\n'));
  });
});

describe('the file of a history', () => {
  it('gives back what was added, and adds nothing twice', () => {
    expect(readHistory(file)).toEqual({ lines: [], damaged: [], duplicates: 0 });
    expect(addToHistory(file, lines)).toBe(lines.length);
    expect(addToHistory(file, lines)).toBe(0);
    // The same run told from another commit is still the same run.
    expect(addToHistory(file, linesOf(run, analysis, null))).toBe(0);
    expect(readHistory(file).lines).toHaveLength(lines.length);
    // A later run into a folder of the same name is another run.
    expect(addToHistory(file, [nth(1, 5, { runId: 'ci' }), nth(2, 5, { runId: 'ci' })])).toBe(2);
    expect(readHistory(file).lines).toEqual(expect.arrayContaining([...lines]));
  });

  it('is the same in any order of its lines, and with lines told twice', () => {
    const told = [nth(0, 1), nth(1, 2), nth(1, 2, { commit: null }), nth(2, 3)].map((line) =>
      JSON.stringify(line),
    );
    writeFileSync(file, `${told.join('\n')}\n`);
    const forth = readHistory(file);
    writeFileSync(file, `${[...told, ...told].reverse().join('\r\n')}\r\n`);
    const back = readHistory(file);
    expect(back.lines).toEqual(forth.lines);
    expect([forth.duplicates, back.duplicates]).toEqual([1, 5]);
    expect(forth.lines.map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('skips corrupted lines by their numbers and loses nothing else', () => {
    addToHistory(file, [nth(0, 1)]);
    appendFileSync(file, '{"schema": "meshmark.history/1", "ti\n');
    addToHistory(file, [nth(1, 2)]);
    appendFileSync(file, '<<<<<<< ours\n{"schema":"meshmark.history/9"}\n[1]\n\n');
    appendFileSync(file, `${JSON.stringify({ ...nth(2, 3), value: 'many' })}\n`);
    addToHistory(file, [nth(3, 4)]);
    const { lines: read, damaged } = readHistory(file);
    expect(read.map(({ value }) => value)).toEqual([1, 2, 4]);
    expect(damaged.map(({ line }) => line)).toEqual([2, 4, 5, 6, 8]);
    expect(damaged[1]?.reason).toContain('merge');
    expect(damaged[2]?.reason).toContain('newer meshmark');
    expect(damaged[4]?.reason).toContain('value');
  });

  it('lets a line that was cut off spoil no other', () => {
    addToHistory(file, [nth(0, 1)]);
    appendFileSync(file, JSON.stringify(nth(1, 2)).slice(0, 40));
    addToHistory(file, [nth(2, 3)]);
    const { lines: read, damaged } = readHistory(file);
    expect(read.map(({ value }) => value)).toEqual([1, 3]);
    expect(damaged).toHaveLength(1);
  });

  it.skipIf(spawnSync('git', ['--version']).status !== 0)('is merged by git without a conflict', () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...argv], {
        cwd: folder,
        stdio: 'pipe',
      });
    git('init', '--quiet', '--initial-branch=main');
    writeFileSync(join(folder, '.gitattributes'), 'history.jsonl merge=union\n');
    addToHistory(file, [nth(0, 1)]);
    git('add', '.');
    git('commit', '--quiet', '--message=first');
    git('checkout', '--quiet', '-b', 'other');
    addToHistory(file, [nth(1, 2), nth(2, 3)]);
    git('commit', '--quiet', '--all', '--message=theirs');
    git('checkout', '--quiet', 'main');
    addToHistory(file, [nth(2, 3), nth(3, 4)]);
    git('commit', '--quiet', '--all', '--message=ours');
    git('merge', '--quiet', '--no-edit', 'other');
    const { lines: read, damaged } = readHistory(file);
    expect(read.map(({ value }) => value)).toEqual([1, 2, 3, 4]);
    expect(damaged).toEqual([]);
    expect(readFileSync(file, 'utf8')).not.toContain('<<<<');
  });
});

describe('trends', () => {
  /** So many runs at 100 and, from one on, at 110, with noise of about 1. */
  const series = (length: number, from: number, changed: Partial<HistoryLine> = {}) =>
    Array.from({ length }, (_, index) =>
      nth(index, (index < from ? 100 : 110) + ((index * 7) % 5) / 2 - 1, changed),
    );

  it('tell between which runs a figure changed, by how much, and whether for the worse', () => {
    const [trend, ...more] = trendsOf(series(24, 14).reverse());
    expect(more).toEqual([]);
    expect(trend?.changes).toHaveLength(1);
    const [change] = trend?.changes ?? [];
    expect(change?.before.runId).toBe('run-013');
    expect(change?.after.runId).toBe('run-014');
    expect(change?.ratio).toBeCloseTo(1.1, 2);
    expect(change?.difference).toBeCloseTo(10, 0);
    expect(change?.direction).toBe('worse');
    const [better] = trendsOf(series(24, 14, { metric: 'throughput' }));
    expect(better?.changes[0]?.direction).toBe('better');
  });

  it('keep apart what is not comparable: machines, scenarios, variants, baselines and metrics', () => {
    const scenario = { name: 'other', digest: '0' };
    const halves = [...series(10, 99), ...series(24, 0).slice(10)];
    expect(trendsOf(halves)[0]?.changes).toHaveLength(1);
    for (const apart of [
      { machine: 'other' },
      { scenario },
      { variant: 'other' },
      { baseline: 'other' },
      { metric: 'errors.rate' },
    ] as const) {
      const trends = trendsOf([...series(10, 99), ...series(24, 0, apart).slice(10)]);
      expect(trends).toHaveLength(2);
      expect(trends.flatMap(({ changes }) => changes)).toEqual([]);
    }
  });

  it('say nothing of changes before there are ten runs, and stand values of 0', () => {
    expect(trendsOf(series(9, 5))[0]?.changes).toEqual([]);
    const errors = Array.from({ length: 24 }, (_, index) =>
      nth(index, index < 12 ? 0 : 0.01 * (1 + (index % 3)), { metric: 'errors.rate' }),
    );
    expect(trendsOf(errors)[0]?.changes[0]).toMatchObject({ ratio: null, direction: 'worse' });
  });
});
