/** `meshmark index`: a page of every run in a folder. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { packageVersion } from '../host/index.js';
import { parseRunText, RecordError, readImported } from '../record/index.js';
import { type FolderEntry, loadReportAssets, renderFolderHtml } from '../report/index.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import type { Terminal } from './terminal.js';

/** Writes index.html into `folder` and prints its path. Records alone are read, so that many large runs take no time. */
export async function indexCommand(terminal: Terminal, folder: string): Promise<ExitCode> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageFault([`${folder} is no folder: give the one that your runs’ folders lie in`]);
  }
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => entryOf(folder, name) ?? []);
  const page = join(folder, 'index.html');
  writeFileSync(
    page,
    renderFolderHtml(
      { meshmarkVersion: packageVersion(), folder: basename(resolve(folder)), entries },
      await loadReportAssets(),
    ),
  );
  terminal.print(page);
  return EXIT.passed;
}

/** Null for a folder that is nobody's run. */
function entryOf(parent: string, folder: string): FolderEntry | null {
  const directory = join(parent, folder);
  const page = ['report.html', 'profile.html'].find((file) => existsSync(join(directory, file))) ?? null;
  try {
    const record = readImported(directory);
    if (record !== null) return { type: 'imported', folder, page, record };
    const path = join(directory, 'run.json');
    if (!existsSync(path)) return null;
    return { type: 'run', folder, page, run: parseRunText(path, readFileSync(path, 'utf8')) };
  } catch (fault) {
    if (!(fault instanceof RecordError)) throw fault;
    return { type: 'unreadable', folder, page, reason: fault.message };
  }
}
