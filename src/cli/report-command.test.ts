import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EXIT, UsageFault } from './outcome.js';
import { printReport } from './report-command.js';
import { rememberingTerminal, storedRun } from './testing/stored-run.js';

let folder: string;
let terminal: ReturnType<typeof rememberingTerminal>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-report-'));
  terminal = rememberingTerminal();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('prints one run in another form and writes nothing', () => {
  const run = storedRun(folder, 1, 1);
  const before = readFileSync(join(run, 'run.json'), 'utf8');
  expect(printReport(terminal, [run], 'bmf')).toBe(EXIT.passed);
  const benchmarks = JSON.parse(terminal.printed.join('\n'));
  expect(Object.keys(benchmarks).some((name) => name.endsWith('/mine'))).toBe(true);
  expect(readFileSync(join(run, 'run.json'), 'utf8')).toBe(before);
  expect(existsSync(join(run, 'report.html'))).toBe(false);
  expect(() => printReport(terminal, [run, run], 'csv')).toThrow(UsageFault);
});
