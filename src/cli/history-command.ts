/** `meshmark history`: what became of each figure from run to run, and where it changed. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  addToHistory,
  type Change,
  FEWEST_RUNS,
  groupsOf,
  type History,
  type HistoryLine,
  linesOf,
  readHistory,
  type Trend,
  trendsOf,
} from '../history/index.js';
import { packageVersion } from '../host/index.js';
import { METRICS, readRun } from '../record/index.js';
import { loadReportAssets, renderHistoryHtml } from '../report/index.js';
import { commitHere } from './against/repository.js';
import { eachRun } from './each-run.js';
import { judge, whyNotKept } from './judge.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { plainText, type Terminal, textTable } from './terminal.js';

export const HISTORY_FILE = 'meshmark-history.jsonl';

/**
 * Adds stored runs to a history. Exit 3 when one of them was not valid, 2 when it cannot be read, and then nothing of that run
 * is added, and everything of the others.
 */
export async function historyAddCommand(
  terminal: Terminal,
  directories: readonly string[],
  options: { readonly file: string; readonly commit?: string },
): Promise<ExitCode> {
  isThere(options.file);
  const commit = options.commit ?? commitHere();
  return await eachRun(terminal, directories, (directory) => {
    const { run, analysis } = judge(readRun(directory));
    const lines = linesOf(run, analysis, commit);
    const hindrance =
      whyNotKept(run, analysis) ??
      (lines.length === 0 ? 'it has no figure that a history keeps (a sweep or a search has none)' : null);
    if (hindrance !== null) {
      terminal.note(`${directory}: not added: ${hindrance}`);
      return EXIT.noVerdict;
    }
    const added = addToHistory(options.file, lines);
    terminal.print(
      `${directory}: ${added} of ${lines.length} figures added to ${options.file}${added < lines.length ? '; it had the others already' : ''}`,
    );
    return EXIT.passed;
  });
}

/** Whether there is a history yet. Throws UsageFault for what can be none. */
function isThere(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    throw new UsageFault([`meshmark: ${path} is a folder: name a file with --file`]);
  }
  return stats !== undefined;
}

/** Beyond so many damaged lines another says nothing new. */
const DAMAGED_SHOWN = 5;

/** The series of a history's file. Notes damaged lines; throws UsageFault where there is nothing to read. */
export function trendsIn(terminal: Terminal, file: string): readonly Trend[] {
  return trendsOf(historyIn(terminal, file).lines);
}

function historyIn(terminal: Terminal, file: string): History {
  if (!isThere(file)) {
    throw new UsageFault([
      `meshmark: ${file} does not exist: begin it with \`meshmark history add RUN\`, or name another with --file`,
    ]);
  }
  const history = readHistory(file);
  for (const { line, reason } of history.damaged.slice(0, DAMAGED_SHOWN)) {
    terminal.note(`${file}:${line}: left out: ${reason}`);
  }
  const more = history.damaged.length - DAMAGED_SHOWN;
  if (more > 0) terminal.note(`${file}: ${more} more lines were left out`);
  if (history.lines.length === 0) {
    throw new UsageFault([`meshmark: ${file} has no line of a history that can be read`]);
  }
  return history;
}

/** Prints every series of a history and where it changed. Description, not a gate: exit 0 whatever changed. */
export async function historyCommand(
  terminal: Terminal,
  options: { readonly file: string; readonly json?: boolean; readonly html?: string },
): Promise<ExitCode> {
  const history = historyIn(terminal, options.file);
  const trends = trendsOf(history.lines);
  if (options.html !== undefined) {
    const input = { meshmarkVersion: packageVersion(), trends, damaged: history.damaged };
    mkdirSync(dirname(options.html), { recursive: true });
    writeFileSync(options.html, renderHistoryHtml(input, await loadReportAssets()));
  }
  if (options.json === true) {
    const { damaged, duplicates } = history;
    terminal.print(JSON.stringify({ file: options.file, damaged, duplicates, trends }, null, 2));
    return EXIT.passed;
  }
  for (const group of groupsOf(trends)) {
    for (const line of groupLines(group, terminal)) terminal.print(line);
  }
  if (options.html !== undefined) terminal.print(options.html);
  return EXIT.passed;
}

function groupLines(trends: readonly Trend[], terminal: Terminal): string[] {
  const [first] = trends;
  if (first === undefined) return [];
  const head = ['figure', 'runs', 'first', 'latest', 'changes'];
  const rows = trends.map((trend) => [
    nameOf(trend),
    String(trend.lines.length),
    figureOf(trend.lines[0]),
    figureOf(trend.lines.at(-1)),
    trend.lines.length < FEWEST_RUNS ? `from ${FEWEST_RUNS} runs on` : String(trend.changes.length),
  ]);
  return [
    `${plainText(first.scenario.name)} (${plainText(first.scenario.digest)}) on machine ${plainText(first.machine)}`,
    ...textTable([head, ...rows], (cell, row) => (row === 0 ? terminal.paint('dim', cell) : cell)),
    ...trends.flatMap((trend) => trend.changes.map((change) => changeLine(trend, change))),
    '',
  ];
}

function nameOf({ variant, baseline, metric }: Trend): string {
  return plainText(`${variant}${baseline === null ? '' : ` / ${baseline}`}, ${metric}`);
}

function figureOf(line: HistoryLine | undefined): string {
  if (line === undefined) return '–';
  return line.baseline === null
    ? `${Number(line.value.toPrecision(4))} ${METRICS[line.metric].unit}`
    : `× ${line.value.toFixed(3)}`;
}

function changeLine(trend: Trend, { before, after, ratio, difference, direction, p }: Change): string {
  const size =
    ratio === null
      ? `${Math.abs(difference).toPrecision(3)} ${METRICS[trend.metric].unit} ${difference > 0 ? 'higher' : 'lower'}`
      : `${(Math.abs(ratio - 1) * 100).toPrecision(3)} % ${ratio > 1 ? 'higher' : 'lower'}`;
  return `  ${nameOf(trend)}: ${size}, ${direction}, from ${runOf(after)} on; ${runOf(before)} was before it (p ${p.toFixed(3)})`;
}

function runOf({ runId, commit, time }: HistoryLine): string {
  const when = `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
  return plainText(`${runId} (${when}${commit === null ? '' : `, ${commit.slice(0, 12)}`})`);
}
