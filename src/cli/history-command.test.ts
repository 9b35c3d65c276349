import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

it('shows a change of the candidate that came between two runs', () => {
  const runs = Array.from({ length: 14 }, (_, index) => runFolder(index, index < 8 ? 1 : 1.5));
  expect(historyAddCommand(terminal, runs, { file, commit: 'abcdef0123456789' })).toBe(EXIT.passed);
  printed = [];
  expect(historyCommand(terminal, { file })).toBe(EXIT.passed);
  const text = printed.join('\n');
  expect(text).toMatch(
    /mine \/ plain, cpu\.per_request: 5\d\.\d % higher, worse, from run-8 \(abcdef012345\) on; run-7/,
  );
  printed = [];
  historyCommand(terminal, { file, json: true });
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

it('tells what it cannot read, and of a file that is none', () => {
  expect(() => historyCommand(terminal, { file })).toThrow(UsageFault);
  writeFileSync(file, 'nonsense\n');
  expect(() => historyCommand(terminal, { file })).toThrow(/no line of a history/);
  historyAddCommand(terminal, [runFolder(1, 1)], { file });
  noted = [];
  expect(historyCommand(terminal, { file })).toBe(EXIT.passed);
  expect(noted).toEqual([`${file}:1: left out: not JSON`]);
  expect(printed.join('\n')).toContain('from 10 runs on');
});
