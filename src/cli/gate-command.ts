/** `meshmark gate`: the scenario's gate on a stored run. */
import { statSync } from 'node:fs';
import { readRun } from '../record/index.js';
import { gateExitCode, judge } from './judge.js';
import { type ExitCode, UsageFault } from './outcome.js';
import { runCommand } from './run-command.js';
import { gateLines } from './summary.js';
import type { Terminal } from './terminal.js';

export interface GateOptions {
  readonly json?: boolean;
  readonly failOn: string;
  readonly against?: string;
  readonly out?: string;
}

/**
 * Applies a scenario's gate. Exit 0 passed, 1 regression, 3 undecided or not valid. Without `against` to a stored run, judged
 * anew; with `git:REF` to each variant beside itself as that commit has it, measured now. Throws UsageFault.
 */
export async function gateCommand(terminal: Terminal, what: string, options: GateOptions): Promise<ExitCode> {
  const { against } = options;
  if (against === undefined) return gateRun(terminal, what, options);
  return await runCommand(terminal, scenarioOf(what), { ...options, against, gateNeeded: true });
}

/** A scenario's path as it is given, or that of the scenario a stored run was of. */
function scenarioOf(what: string): string {
  if (statSync(what, { throwIfNoEntry: false })?.isDirectory() !== true) return what;
  const { path } = readRun(what).run.scenario;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  throw new UsageFault([
    `${what} is a run of ${path}, which is not there: give the scenario's own path in place of the run's`,
  ]);
}

function gateRun(
  terminal: Terminal,
  directory: string,
  options: Pick<GateOptions, 'json' | 'failOn'>,
): ExitCode {
  const judged = judge(readRun(directory));
  const exitCode = gateExitCode(judged, options.failOn);
  const { gate, validity } = judged.analysis;
  if (options.json === true) terminal.print(JSON.stringify({ exitCode, validity, gate }, null, 2));
  else for (const line of gateLines(judged, terminal.paint)) terminal.print(line);
  return exitCode;
}
