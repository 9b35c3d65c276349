/** `meshmark report`: stored runs judged and rendered again. */
import type { Trend } from '../history/index.js';
import { readImported, readRun } from '../record/index.js';
import { type ReportFormat, renderAs } from '../report/index.js';
import { eachRun } from './each-run.js';
import { trendsIn } from './history-command.js';
import { judgeFolder } from './judge.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { writeImportedReports, writeProfile, writeReports } from './reports.js';
import type { Terminal } from './terminal.js';

/** Beyond so many damaged lines another says nothing new. */
const DAMAGED_SHOWN = 5;

/** Prints a stored run, judged anew, in one of the forms that other programs read; its folder stays as it is. Throws UsageFault. */
export function printReport(
  terminal: Terminal,
  directories: readonly string[],
  format: ReportFormat,
): ExitCode {
  const [directory, ...more] = directories;
  if (directory === undefined || more.length > 0) {
    throw new UsageFault([`--format ${format} prints one run: give one folder`]);
  }
  if (readImported(directory) !== null) {
    throw new UsageFault([`${directory} holds what another tool measured, which has no ${format} form`]);
  }
  terminal.print(renderAs(format, judgeFolder(directory).run).replace(/\n$/, ''));
  return EXIT.passed;
}

/**
 * Rewrites run.json's analysis and every report of each folder, those of imported results too, and prints their paths. A
 * folder that cannot be read keeps none of the others from theirs; then exit 2.
 */
export function reportCommand(
  terminal: Terminal,
  directories: readonly string[],
  options: { readonly history?: string } = {},
): Promise<ExitCode> {
  const trends = options.history === undefined ? [] : trendsIn(terminal, options.history);
  return eachRun(terminal, directories, async (directory) => {
    terminal.print(await writeAnew(terminal, directory, trends));
    return EXIT.passed;
  });
}

/** Path of the report that was written. */
async function writeAnew(terminal: Terminal, directory: string, trends: readonly Trend[]): Promise<string> {
  const imported = readImported(directory);
  if (imported !== null) return await writeImportedReports(directory, imported);
  const stored = readRun(directory);
  for (const { line, reason } of stored.damaged.slice(0, DAMAGED_SHOWN))
    terminal.note(`${directory}/slices.jsonl:${line}: left out: ${reason}`);
  const more = stored.damaged.length - DAMAGED_SHOWN;
  if (more > 0) terminal.note(`${directory}/slices.jsonl: ${more} more lines were left out`);
  const profiled = stored.run.planned.stacks !== undefined;
  return await (profiled
    ? writeProfile(directory, stored)
    : writeReports(directory, judgeFolder(directory, stored), trends));
}
