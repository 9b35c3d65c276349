import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HistoryLine } from '../history/index.js';
import { createRunWriter, type RunRecord } from '../record/index.js';
import { buildRun } from '../stats/testing/record-builder.js';
import { historyAddCommand, historyCommand } from './history-command.js';
import { EXIT, UsageFault } from './outcome.js';
import type { Terminal } from './terminal.js';

let folder: string;
let file: string;
let printed: string[];
let noted: string[];
const terminal: Terminal = {
  interactive: false,
  paint: (_style, text) => text,
  print: (line) => printed.push(line),
  note: (line) => noted.push(line),
  status: () => {},
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-history-'));
  file = join(folder, 'history.jsonl');
  printed = [];
  noted = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a small run into a folder of its own; the candidate's CPU is that of the baseline times `factor`. */
function runFolder(index: number, factor: number, changed: Partial<RunRecord> = {}): string {
  const built = buildRun({
    variants: [{ id: 'plain' }, { id: 'mine', cpuMicros: 100 * factor }],
    baseline: 'plain',
    pairs: [{ candidate: 'mine', baseline: 'plain' }],
    rounds: 4,
    microBlocksPerRound: 1,
    requestsPerMicroSlice: 30,
    longMillis: 50,
    seed: index,
    gate: [{ metric: 'cpu.per_request', maxIncrease: 0.1, maxDecrease: null, variants: null }],
  });
  const directory = join(folder, `run-${index}`);
  const writer = createRunWriter(directory);
  const createdAt = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
  writer.writeRun({ ...built.run, runId: `run-${index}`, createdAt, ...changed });
  for (const line of [...built.slices, ...built.windows]) writer.append(line);
  writer.close();
  return directory;
}

it('shows between which runs of a history a figure changed', async () => {
  historyAddCommand(terminal, [runFolder(0, 1.5)], { file, commit: 'abcdef0123456789' });
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
  printed = [];
  expect(await historyCommand(terminal, { file })).toBe(EXIT.passed);
  const change =
    /: 50\.\d % higher, worse, from ci \(2025-01-09 00:00 UTC, abcdef012345\) on; ci \(2025-01-08/;
  expect(printed.find((line) => line.includes('mine / plain, cpu.per_request:'))).toMatch(change);
  expect(printed.filter((line) => line.includes('higher'))).toHaveLength(2);
  printed = [];
  await historyCommand(terminal, { file, json: true });
  const { trends } = JSON.parse(printed.join('\n')) as { trends: { metric: string; lines: unknown[] }[] };
  expect(trends.find(({ metric }) => metric === 'cpu.per_request')?.lines).toHaveLength(14);
});

it('adds no run that is not whole, and says why', () => {
  const broken = runFolder(1, 1, { state: 'failed', stateReason: 'the service did not start' });
  expect(historyAddCommand(terminal, [broken, runFolder(2, 1)], { file })).toBe(EXIT.noVerdict);
  expect(noted.join('\n')).toContain('the service did not start');
  expect(printed.join('\n')).toMatch(/run-2: \d+ of \d+ figures added/);
  printed = [];
  historyAddCommand(terminal, [join(folder, 'run-2')], { file });
  expect(printed.join('\n')).toContain('it had the others already');
});

it('tells what it cannot read, and of a file that is none', async () => {
  await expect(historyCommand(terminal, { file })).rejects.toThrow(UsageFault);
  await expect(historyCommand(terminal, { file: folder })).rejects.toThrow(/is a folder/);
  expect(() => historyAddCommand(terminal, [], { file: folder })).toThrow(UsageFault);
  writeFileSync(file, 'nonsense\n');
  await expect(historyCommand(terminal, { file })).rejects.toThrow(/no line of a history/);
  historyAddCommand(terminal, [runFolder(1, 1)], { file });
  noted = [];
  expect(await historyCommand(terminal, { file })).toBe(EXIT.passed);
  expect(noted).toEqual([`${file}:1: left out: not JSON`]);
  expect(printed.join('\n')).toContain('from 10 runs on');
});
