/** Writing what readers open: the analysis into run.json, and the three reports beside it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trend } from '../history/index.js';
import { type ImportedRecord, replaceRunFile, type StoredRun } from '../record/index.js';
import {
  loadReportAssets,
  renderHtml,
  renderImportedHtml,
  renderImportedMarkdown,
  renderJunit,
  renderMarkdown,
  renderProfileHtml,
} from '../report/index.js';
import type { JudgedRun } from './judge.js';

/** Writes run.json, report.html, report.md and junit.xml into the run's folder. Returns the HTML report's path. */
export async function writeReports(
  directory: string,
  judged: JudgedRun,
  trends: readonly Trend[] = [],
): Promise<string> {
  const { run, slices, windows } = judged;
  replaceRunFile(directory, run);
  const html = join(directory, 'report.html');
  writeFileSync(
    html,
    renderHtml({ run, slices, windows, trends, damaged: judged.damaged }, await loadReportAssets()),
  );
  writeFileSync(join(directory, 'report.md'), renderMarkdown(run));
  writeFileSync(join(directory, 'junit.xml'), renderJunit(run));
  return html;
}

/** Writes report.html and report.md of imported results into their folder. Returns the HTML report's path. */
export async function writeImportedReports(directory: string, record: ImportedRecord): Promise<string> {
  const html = join(directory, 'report.html');
  writeFileSync(html, renderImportedHtml(record, await loadReportAssets()));
  writeFileSync(join(directory, 'report.md'), renderImportedMarkdown(record));
  return html;
}

/** Writes profile.html of a profile run into its folder. Returns its path. */
export async function writeProfile(directory: string, stored: StoredRun): Promise<string> {
  const page = join(directory, 'profile.html');
  writeFileSync(page, renderProfileHtml(stored, await loadReportAssets('profile')));
  return page;
}
