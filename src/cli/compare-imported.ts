/** `meshmark compare` where another tool measured one side or both: values beside each other, and no ratio. */
import { type Level, METRICS } from '../record/index.js';
import { compareLevels } from '../stats/index.js';
import { EXIT, type ExitCode } from './outcome.js';
import { importedRecord, storedRun } from './stored-run.js';
import { type Terminal, textTable } from './terminal.js';

interface Side {
  readonly levels: readonly Level[];
  /** What its figures cannot be compared in; empty for a run of meshmark's. */
  readonly limits: readonly string[];
}

/** Prints the values that both folders have under one name, and what speaks against comparing them. Exit 3, always. */
export function compareWithImported(
  terminal: Terminal,
  before: string,
  after: string,
  options: { readonly json?: boolean },
): ExitCode {
  const [first, second] = [sideOf(before), sideOf(after)];
  const rows = compareLevels(first.levels, second.levels).map(
    ({ ratio: _ratio, low: _low, high: _high, ...values }) => values,
  );
  const limits = [...new Set([...first.limits, ...second.limits])];
  if (options.json === true) {
    terminal.print(JSON.stringify({ before, after, imported: true, limits, comparisons: rows }, null, 2));
    return EXIT.noVerdict;
  }
  if (rows.length === 0) {
    const names = ({ levels }: Side) => [...new Set(levels.map(({ variant }) => variant))].join(', ');
    terminal.note(
      `they have no result under the same name: ${names(first)} there, ${names(second)} here; import with --variant and the name that the run has`,
    );
  }
  const table = rows.map(({ variant, metric, before: one, after: other }) => [
    `${variant}, ${metric}`,
    ...[one, other].map((value) => `${value.toPrecision(4)} ${METRICS[metric].unit}`),
  ]);
  for (const line of textTable([['variant, metric', 'before', 'after'], ...table])) terminal.print(line);
  terminal.print('');
  terminal.print('Imported figures stand beside others and are never judged against them, because of');
  for (const limit of limits) terminal.print(`- ${limit}`);
  return EXIT.noVerdict;
}

function sideOf(directory: string): Side {
  const imported = importedRecord(directory);
  if (imported === null) return { levels: storedRun(directory).analysis.levels, limits: [] };
  return {
    levels: imported.results.flatMap(({ variant, levels }) =>
      // Long slices are where meshmark judges what other tools tell of.
      levels.map(({ metric, value, reason }) => ({
        variant,
        metric,
        track: 'long' as const,
        value,
        low: null,
        high: null,
        reason,
      })),
    ),
    limits: imported.results.flatMap((result) => result.limits),
  };
}
