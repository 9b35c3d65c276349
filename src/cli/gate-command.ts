/** `meshmark gate`: the scenario's gate on a stored run. */
import { statSync } from 'node:fs';
import { againstStored, listBaselines } from '../baseline/index.js';
import { exitCode as codeOfGate } from '../gate/index.js';
import { readRun } from '../record/index.js';
import { floorOf, gateExitCode, judgeFolder, strictnessOf } from './judge.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { runCommand } from './run-command.js';
import { gateLines } from './summary.js';
import { plainText, type Terminal } from './terminal.js';

export interface GateOptions {
  readonly json?: boolean;
  readonly failOn: string;
  readonly against?: string;
  /** Folder of stored baselines. */
  readonly store: string;
  readonly out?: string;
}

/**
 * Applies a scenario's gate. Exit 0 passed, 1 regression, 3 undecided or not valid. Without `against` to a stored run, judged
 * anew; with `git:REF` to each variant beside itself as that commit has it, measured now; with another name to a stored run
 * against a stored baseline. Throws UsageFault and BaselineFault.
 */
export async function gateCommand(terminal: Terminal, what: string, options: GateOptions): Promise<ExitCode> {
  const { against } = options;
  if (against === undefined) return gateRun(terminal, what, options);
  if (!against.startsWith('git:')) return gateAgainstStored(terminal, what, { ...options, against });
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
  const judged = judgeFolder(directory);
  const exitCode = gateExitCode(judged, options.failOn);
  const { gate, validity } = judged.analysis;
  if (options.json === true) terminal.print(JSON.stringify({ exitCode, validity, gate }, null, 2));
  else for (const line of gateLines(judged.run, gate, validity, terminal.paint)) terminal.print(line);
  return exitCode;
}

function gateAgainstStored(
  terminal: Terminal,
  directory: string,
  { against, store, json, failOn }: GateOptions & { readonly against: string },
): ExitCode {
  const judged = judgeFolder(directory);
  const kept = listBaselines(store);
  for (const { file, reason } of kept.damaged) terminal.note(`${file}: left out: ${plainText(reason)}`);
  const found = againstStored(judged.run, against, kept, floorOf(judged.run));
  if (found.state === 'refused') {
    const exitCode = strictnessOf(failOn) === 'regression' ? EXIT.passed : EXIT.noVerdict;
    if (json === true) terminal.print(JSON.stringify({ exitCode, refused: found.reason, gate: [] }, null, 2));
    terminal.note(`not compared with the baseline ${against}: ${plainText(found.reason)}`);
    return exitCode;
  }
  const { gate, baseline } = found;
  const { validity } = judged.analysis;
  const exitCode = codeOfGate(gate, validity, judged.run.variants, strictnessOf(failOn));
  if (json === true) {
    const { name, savedAt, commit, run } = baseline;
    const of = { name, savedAt, commit, runId: run.runId };
    terminal.print(JSON.stringify({ exitCode, validity, baseline: of, gate }, null, 2));
    return exitCode;
  }
  for (const line of gateLines(judged.run, gate, validity, terminal.paint)) {
    terminal.print(line);
  }
  terminal.print(
    'Measured apart: a change of the machine since is in the ratio and not in its interval. `--against git:REF` measures both side by side.',
  );
  return exitCode;
}
