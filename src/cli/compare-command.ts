/** `meshmark compare`: two stored runs side by side, from their folders or from the reports that carry them. */
import { METRICS } from '../record/index.js';
import { compareLevels, type LevelComparison } from '../stats/index.js';
import { compareWithImported } from './compare-imported.js';
import { EXIT, type ExitCode } from './outcome.js';
import { importedRecord, storedRun } from './stored-run.js';
import { type Terminal, textTable } from './terminal.js';

/**
 * Prints, for every variant and metric that both runs have, both values and the ratio after / before. Nothing is
 * gated: the runs were not interleaved, so what the machine did between them is in the ratio. Exit 3 when the machines
 * differ and the numbers cannot be compared at all, or when another tool measured one of them.
 */
export function compareCommand(
  terminal: Terminal,
  before: string,
  after: string,
  options: { readonly json?: boolean },
): ExitCode {
  if (importedRecord(before) !== null || importedRecord(after) !== null) {
    return compareWithImported(terminal, before, after, options);
  }
  const [first, second] = [storedRun(before), storedRun(after)];
  const sameMachine = first.run.machine.fingerprint === second.run.machine.fingerprint;
  const rows = compareLevels(first.analysis.levels, second.analysis.levels);
  if (options.json === true) {
    terminal.print(JSON.stringify({ before, after, sameMachine, comparisons: rows }, null, 2));
    return sameMachine ? EXIT.passed : EXIT.noVerdict;
  }
  if (!sameMachine) {
    terminal.note(
      'these runs were made on different machines: the values are shown, ratios between them would mean nothing',
    );
  }
  const header = ['variant, metric', 'before', 'after', ...(sameMachine ? ['after / before'] : [])];
  for (const line of textTable([header, ...rows.map((row) => cells(row, sameMachine))])) terminal.print(line);
  terminal.print('');
  terminal.print(
    'Measured apart: a change of the machine between the runs is in the ratio and not in its interval.',
  );
  return sameMachine ? EXIT.passed : EXIT.noVerdict;
}

function cells(row: LevelComparison, withRatio: boolean): string[] {
  const { unit } = METRICS[row.metric];
  const value = (number: number) => `${number.toPrecision(4)} ${unit}`;
  const ratio =
    row.low === null || row.high === null
      ? row.ratio.toFixed(3)
      : `${row.ratio.toFixed(3)} [${row.low.toFixed(3)}, ${row.high.toFixed(3)}]`;
  return [
    `${row.variant}, ${row.metric} (${row.track})`,
    value(row.before),
    value(row.after),
    ...(withRatio ? [ratio] : []),
  ];
}
