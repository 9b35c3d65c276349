/** A run as users name it: by its folder, or by a report that carries it. */
import { existsSync, readFileSync } from 'node:fs';
import {
  type Analysis,
  type ImportedRecord,
  type RunRecord,
  readImported,
  readRun,
} from '../record/index.js';
import { readCarriedRun } from '../report/index.js';
import { judge } from './judge.js';
import { UsageFault } from './outcome.js';

/**
 * The run and its analysis: judged anew from a folder, and as it stands in a report, which does not carry every
 * histogram. Throws UsageFault where there is none, and what the readers throw.
 */
export function storedRun(path: string): { readonly run: RunRecord; readonly analysis: Analysis } {
  if (!isPage(path)) return judge(readRun(path));
  if (!existsSync(path))
    throw new UsageFault([`${path} does not exist: give a report.html or a run’s folder`]);
  const run = readCarriedRun(path, readFileSync(path, 'utf8'));
  if (run.analysis === null) throw new UsageFault([`${path} carries a run without figures: give its folder`]);
  return { run, analysis: run.analysis };
}

/** What another tool measured, from its folder; null for a run of ours. */
export function importedRecord(path: string): ImportedRecord | null {
  return isPage(path) ? null : readImported(path);
}

function isPage(path: string): boolean {
  return /\.html?$/i.test(path);
}
