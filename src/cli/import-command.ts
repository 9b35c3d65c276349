/** `meshmark import`: what another tool measured, in a folder of its own. */
import { basename } from 'node:path';
import { packageVersion } from '../host/index.js';
import { type ImportFormat, importFile } from '../import/index.js';
import {
  IMPORTED_SCHEMA,
  type ImportedRecord,
  type ImportedResult,
  METRICS,
  writeImported,
} from '../record/index.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { writeImportedReports } from './reports.js';
import { runDirectory } from './run-folder.js';
import { type Terminal, textTable } from './terminal.js';

export interface ImportOptions {
  readonly format?: ImportFormat;
  readonly variant?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

/** Reads every file, and only then writes the folder and its report. Prints the figures and the report's path. */
export async function importCommand(
  terminal: Terminal,
  files: readonly string[],
  options: ImportOptions,
): Promise<ExitCode> {
  const names = namesOf(files, options.variant);
  const results: ImportedResult[] = [];
  for (const [index, file] of files.entries()) {
    results.push(await importFile(file, names[index] ?? file, options.format ?? null));
  }
  const record: ImportedRecord = {
    schema: IMPORTED_SCHEMA,
    meshmarkVersion: packageVersion(),
    command: ['meshmark', ...process.argv.slice(2)],
    importedAt: new Date().toISOString(),
    results,
  };
  const directory = runDirectory(options.out, `imported-${names.join('-')}`, new Date());
  writeImported(directory, record);
  const report = await writeImportedReports(directory, record);
  if (options.json === true) {
    terminal.print(JSON.stringify(record, null, 2));
    terminal.note(report);
    return EXIT.passed;
  }
  for (const line of figuresOf(results)) terminal.print(line);
  terminal.print('');
  terminal.print(
    'Imported: without intervals and never a verdict. The report says what cannot be compared, and why.',
  );
  terminal.print(report);
  return EXIT.passed;
}

/** Throws UsageFault where names and files do not match one to one. */
function namesOf(files: readonly string[], given: readonly string[] | undefined): readonly string[] {
  const names = given ?? files.map(nameOf);
  if (names.length !== files.length) {
    throw new UsageFault([
      `meshmark: ${files.length} files and ${names.length} names: give --variant one name for each file, in order`,
    ]);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new UsageFault([`meshmark: two results would be called ${twice}: name them with --variant`]);
  }
  return names;
}

function nameOf(file: string): string {
  return (
    basename(file)
      .replace(/\.[^.]*$/, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'imported'
  );
}

function figuresOf(results: readonly ImportedResult[]): string[] {
  const rows = results.flatMap(({ variant, tool, levels }) =>
    levels.map(({ metric, value, reason }) => [
      `${variant} (${tool}), ${metric}`,
      value === null ? '—' : `${Number(value.toPrecision(4))} ${METRICS[metric].unit}`,
      reason ?? '',
    ]),
  );
  return textTable([['result, metric', 'value', ''], ...rows]);
}
