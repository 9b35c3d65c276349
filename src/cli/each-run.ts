/** One thing done with each of several run folders. */
import { RecordError } from '../record/index.js';
import { describeFault, EXIT, type ExitCode, UsageFault } from './outcome.js';
import type { Terminal } from './terminal.js';

/**
 * Does `act` with each folder. One that cannot be read is told of, and the others have their turn all the same. Returns the
 * exit code of the first that did not pass; what is no fault of a folder is thrown.
 */
export async function eachRun(
  terminal: Terminal,
  directories: readonly string[],
  act: (directory: string) => Promise<ExitCode> | ExitCode,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.passed;
  for (const directory of directories) {
    const code = await exitOf(terminal, directory, act);
    if (exitCode === EXIT.passed) exitCode = code;
  }
  return exitCode;
}

async function exitOf(
  terminal: Terminal,
  directory: string,
  act: (directory: string) => Promise<ExitCode> | ExitCode,
): Promise<ExitCode> {
  try {
    return await act(directory);
  } catch (fault) {
    const ofTheFolder =
      fault instanceof UsageFault || (fault instanceof RecordError && fault.blame === 'input');
    if (!ofTheFolder) throw fault;
    const { lines, exitCode } = describeFault(fault);
    for (const line of lines) terminal.note(line);
    return exitCode;
  }
}
