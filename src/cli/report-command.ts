/** `meshmark report`: stored runs judged and rendered again. */
import { readImported, readRun } from '../record/index.js';
import { trendsIn } from './history-command.js';
import { judge } from './judge.js';
import { EXIT, type ExitCode } from './outcome.js';
import { writeImportedReports, writeProfile, writeReports } from './reports.js';
import type { Terminal } from './terminal.js';

/** Beyond so many damaged lines another says nothing new. */
const DAMAGED_SHOWN = 5;

/** Rewrites run.json's analysis and every report of each folder, those of imported results too, and prints their paths. */
export async function reportCommand(
  terminal: Terminal,
  directories: readonly string[],
  options: { readonly history?: string } = {},
): Promise<ExitCode> {
  const trends = options.history === undefined ? [] : trendsIn(terminal, options.history);
  for (const directory of directories) {
    const imported = readImported(directory);
    if (imported !== null) {
      terminal.print(await writeImportedReports(directory, imported));
      continue;
    }
    const stored = readRun(directory);
    for (const { line, reason } of stored.damaged.slice(0, DAMAGED_SHOWN))
      terminal.note(`${directory}/slices.jsonl:${line}: left out: ${reason}`);
    const more = stored.damaged.length - DAMAGED_SHOWN;
    if (more > 0) terminal.note(`${directory}/slices.jsonl: ${more} more lines were left out`);
    const profiled = stored.run.planned.stacks !== undefined;
    terminal.print(
      await (profiled ? writeProfile(directory, stored) : writeReports(directory, judge(stored), trends)),
    );
  }
  return EXIT.passed;
}
