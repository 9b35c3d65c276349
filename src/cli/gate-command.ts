/** `meshmark gate`: the scenario's gate on a stored run. */
import { gateExitCode, judgeFolder } from './judge.js';
import type { ExitCode } from './outcome.js';
import { gateLines } from './summary.js';
import type { Terminal } from './terminal.js';

/** Judges the run anew and prints each rule's outcome. Exit 0 passed, 1 regression, 3 undecided or not valid. */
export function gateCommand(
  terminal: Terminal,
  directory: string,
  options: { readonly json?: boolean; readonly failOn: string },
): ExitCode {
  const judged = judgeFolder(directory);
  const exitCode = gateExitCode(judged, options.failOn);
  const { gate, validity } = judged.analysis;
  if (options.json === true) terminal.print(JSON.stringify({ exitCode, validity, gate }, null, 2));
  else for (const line of gateLines(judged, terminal.paint)) terminal.print(line);
  return exitCode;
}
