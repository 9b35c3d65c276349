/** `meshmark report`: stored runs judged and rendered again. */
import { readRun } from '../record/index.js';
import { judge } from './judge.js';
import { EXIT, type ExitCode } from './outcome.js';
import { writeReports } from './reports.js';
import type { Terminal } from './terminal.js';

/** Rewrites run.json's analysis and every report of each folder, and prints the reports' paths. */
export async function reportCommand(terminal: Terminal, directories: readonly string[]): Promise<ExitCode> {
  for (const directory of directories) {
    const stored = readRun(directory);
    for (const { line, reason } of stored.damaged)
      terminal.note(`${directory}/slices.jsonl:${line}: left out: ${reason}`);
    terminal.print(await writeReports(directory, judge(stored)));
  }
  return EXIT.passed;
}
