import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HistoryLine } from '../history/index.js';
import { historyAddCommand, historyCommand } from './history-command.js';
import { EXIT, UsageFault } from './outcome.js';
import { rememberingTerminal, storedRun } from './testing/stored-run.js';

let folder: string;
let file: string;
let terminal: ReturnType<typeof rememberingTerminal>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-history-'));
  file = join(folder, 'history.jsonl');
  terminal = rememberingTerminal();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('shows between which runs of a history a figure changed', async () => {
  await historyAddCommand(terminal, [storedRun(folder, 0, 1.5)], { file, commit: 'abcdef0123456789' });
  const told = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as HistoryLine);
  const earlier = Array.from({ length: 14 }, (_, index) =>
    told.map((line): HistoryLine => {
      const higher = line.variant === 'mine' && line.metric === 'cpu.per_request' && index >= 8;
      const value = line.value * (higher ? 1.5 : 1) * (1 + (index % 3) / 100);
      return { ...line, value, runId: 'ci', time: new Date(Date.UTC(2025, 0, 1 + index)).toISOString() };
    }),
  );
  writeFileSync(
    file,
    earlier
      .flat()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  terminal.printed.length = 0;
  expect(await historyCommand(terminal, { file })).toBe(EXIT.passed);
  const change =
    /: 50\.\d % higher, worse, from ci \(2025-01-09 00:00 UTC, abcdef012345\) on; ci \(2025-01-08/;
  expect(terminal.printed.find((line) => line.includes('mine / plain, cpu.per_request:'))).toMatch(change);
  expect(terminal.printed.filter((line) => line.includes('higher'))).toHaveLength(2);
  terminal.printed.length = 0;
  await historyCommand(terminal, { file, json: true });
  const { trends } = JSON.parse(terminal.printed.join('\n')) as {
    trends: { metric: string; lines: unknown[] }[];
  };
  expect(trends.find(({ metric }) => metric === 'cpu.per_request')?.lines).toHaveLength(14);
});

it('adds no run that is not whole, and says why', async () => {
  const broken = storedRun(folder, 1, 1, { state: 'failed', stateReason: 'the service did not start' });
  expect(await historyAddCommand(terminal, [broken, storedRun(folder, 2, 1)], { file })).toBe(EXIT.noVerdict);
  expect(terminal.noted.join('\n')).toContain('the service did not start');
  expect(terminal.printed.join('\n')).toMatch(/run-2: \d+ of \d+ figures added/);
  terminal.printed.length = 0;
  await historyAddCommand(terminal, [join(folder, 'run-2')], { file });
  expect(terminal.printed.join('\n')).toContain('it had the others already');
});

it('tells what it cannot read, and of a file that is none', async () => {
  await expect(historyCommand(terminal, { file })).rejects.toThrow(UsageFault);
  await expect(historyCommand(terminal, { file: folder })).rejects.toThrow(/is a folder/);
  await expect(historyAddCommand(terminal, [], { file: folder })).rejects.toThrow(UsageFault);
  writeFileSync(file, 'nonsense\n');
  await expect(historyCommand(terminal, { file })).rejects.toThrow(/no line of a history/);
  await historyAddCommand(terminal, [storedRun(folder, 1, 1)], { file });
  terminal.noted.length = 0;
  expect(await historyCommand(terminal, { file })).toBe(EXIT.passed);
  expect(terminal.noted).toEqual([`${file}:1: left out: not JSON`]);
  expect(terminal.printed.join('\n')).toContain('from 10 runs on');
});

it('adds the others where one cannot be read', async () => {
  const torn = storedRun(folder, 1, 1);
  writeFileSync(join(torn, 'run.json'), readFileSync(join(torn, 'run.json'), 'utf8').slice(0, 300));
  const runs = [torn, join(folder, 'nowhere'), storedRun(folder, 2, 1)];
  expect(await historyAddCommand(terminal, runs, { file })).toBe(EXIT.usage);
  expect(terminal.noted.join('\n')).toMatch(/RECORD_MALFORMED .*run-1\/run\.json:\d+:\d+ is not JSON/);
  expect(terminal.noted.join('\n')).toMatch(/RECORD_NOT_A_RUN .*nowhere\/run\.json does not exist/);
  expect(terminal.printed.join('\n')).toMatch(/run-2: \d+ of \d+ figures added/);
});
