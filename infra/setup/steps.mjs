/**
 * How a set-up script runs its steps: one line a step with its duration, output only when it failed.
 * Plain Node without dependencies, since it runs before they are installed.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What stops a set-up: what happened, the end of its output if it had any, and the user's next step. */
export class SetupFault extends Error {
  /**
   * @param {string} message
   * @param {{mend: string, output?: string}} details
   */
  constructor(message, details) {
    super(message);
    this.name = 'SetupFault';
    this.mend = details.mend;
    this.output = details.output ?? '';
  }
}

/**
 * @typedef {object} Ended
 * @property {number} code exit code; 128 and the signal's number where a signal ended it, 127 where it could not start
 * @property {string} output stdout and stderr as they came, interleaved
 */

/** Signals that a person or a CI job ends us with, and what a shell reports for each. */
const ENDING_SIGNALS = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * Runs a command to its end and collects its output. While it runs, a signal that would end us is handed on to it,
 * and we end after it with the shell's code, so that nothing is left running.
 *
 * @param {readonly string[]} argv
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, inherit?: boolean}} [options] `inherit` gives it our terminal
 * @returns {Promise<Ended>}
 */
export async function run(argv, options = {}) {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryRoot,
    env: options.env ?? process.env,
    stdio: options.inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  /** @param {string} text */
  const keep = (text) => {
    output += text;
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);

  /** @type {keyof typeof ENDING_SIGNALS | null} */
  let endedBy = null;
  /** @param {NodeJS.Signals} signal */
  const handOn = (signal) => {
    endedBy = /** @type {keyof typeof ENDING_SIGNALS} */ (signal);
    // A terminal sends Ctrl-C to the child itself; a second one would cut its tidying short.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of Object.keys(ENDING_SIGNALS)) process.on(signal, handOn);

  /** @type {number} */
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      keep(`${error.message}\n`);
      resolve(127);
    });
    child.once('close', (exitCode, signal) => {
      const signals = /** @type {Record<string, number>} */ (ENDING_SIGNALS);
      resolve(exitCode ?? signals[signal ?? ''] ?? 137);
    });
  });
  for (const signal of Object.keys(ENDING_SIGNALS)) process.off(signal, handOn);
  if (endedBy !== null && !options.inherit) process.exit(ENDING_SIGNALS[endedBy]);
  return { code, output };
}

/**
 * Runs a command that has to succeed and returns its output.
 *
 * @param {readonly string[]} argv
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, mend: string}} options
 * @returns {Promise<string>}
 * @throws {SetupFault} when it ends with another code than 0
 */
export async function runOrFault(argv, options) {
  const ended = await run(argv, options);
  if (ended.code !== 0) {
    throw new SetupFault(`${argv.join(' ')} ended with code ${ended.code}`, {
      mend: options.mend,
      output: ended.output,
    });
  }
  return ended.output;
}

/**
 * Full path of the first of `names` that is an executable on `searchPath`, or null.
 *
 * @param {readonly string[]} names a name, or a path, which is taken as it is
 * @param {string} [searchPath]
 */
export function findExecutable(names, searchPath = process.env.PATH ?? '') {
  for (const name of names) {
    const folders = name.includes('/') ? [''] : searchPath.split(delimiter).filter((folder) => folder !== '');
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        // A folder of that name is "executable" too.
        if (statSync(path).isFile()) return path;
      } catch {
        // Not there: look on.
      }
    }
  }
  return null;
}

/** The last `count` lines of a text. @param {string} text */
export function tail(text, count = 40) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** A duration in words a table can align. @param {number} milliseconds */
export function formatDuration(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Name column of the step lines. */
const TITLE_WIDTH = 46;

/** @param {'✓' | '✗' | '–'} mark @param {string} title @param {number} milliseconds */
export function stepLine(mark, title, milliseconds) {
  return `  ${mark} ${title.padEnd(TITLE_WIDTH)} ${formatDuration(milliseconds).padStart(8)}`;
}

/**
 * Runs one step of a set-up and prints its line. `action` returns the words that end the line's title ("up to date").
 *
 * @template {string | {note: string}} T
 * @param {string} title
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function setupStep(title, action) {
  const startedAt = performance.now();
  try {
    const result = await action();
    const note = typeof result === 'string' ? result : result.note;
    console.log(stepLine('✓', `${title}: ${note}`, performance.now() - startedAt));
    return result;
  } catch (error) {
    console.log(stepLine('✗', title, performance.now() - startedAt));
    throw error;
  }
}

/** Prints a fault as a person wants to read it; anything unforeseen keeps its stack. @param {unknown} error */
export function printFault(error) {
  if (!(error instanceof SetupFault)) {
    console.error(error);
    return;
  }
  if (error.output !== '') console.error(tail(error.output));
  console.error(`\n${error.message}\n→ ${error.mend}`);
}
