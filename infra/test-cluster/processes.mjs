/** The cluster's own processes: started apart from us, remembered in files, and ended only if they still are who they were. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupFault, tail } from '../setup/steps.mjs';

/** How long a program may take to end by itself. */
const PATIENCE_MS = 5000;
const LOG_LINES = 12;

/**
 * Starts a program of its own session with its output in `log/NAME.log` below `state`.
 *
 * @param {string} state
 * @param {string} name
 * @param {readonly string[]} argv
 * @param {NodeJS.ProcessEnv} [env]
 */
export function startProcess(state, name, argv, env = process.env) {
  mkdirSync(join(state, 'log'), { recursive: true });
  mkdirSync(join(state, 'pid'), { recursive: true });
  const log = openSync(join(state, 'log', `${name}.log`), 'a');
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env });
  child.on('error', () => undefined);
  child.unref();
  closeSync(log);
  if (child.pid === undefined)
    throw new SetupFault(`${command} could not be started`, { mend: 'install it' });
  writeFileSync(join(state, 'pid', name), `${child.pid} ${startTimeOf(child.pid) ?? ''}\n`);
}

/** Names of the programs that were started and not ended, in the order in which their files were made. @param {string} state */
export function startedProcesses(state) {
  try {
    return readdirSync(join(state, 'pid'));
  } catch {
    return [];
  }
}

/** The pid of a program that still runs; null when it does not. @param {string} state @param {string} name */
export function runningPid(state, name) {
  try {
    const [pid = '', started = ''] = readFileSync(join(state, 'pid', name), 'utf8')
      .trim()
      .split(' ');
    return startTimeOf(Number(pid)) === started && started !== '' ? Number(pid) : null;
  } catch {
    return null;
  }
}

/** Ends a program, by force if it does not end by itself, and forgets it. @param {string} state @param {string} name */
export async function endProcess(state, name) {
  const pid = runningPid(state, name);
  if (pid !== null) await endPid(pid, () => runningPid(state, name) !== null);
  rmSync(join(state, 'pid', name), { force: true });
}

/** @param {number} pid @param {() => boolean} lives */
export async function endPid(pid, lives) {
  signal(pid, 'SIGTERM');
  const until = Date.now() + PATIENCE_MS;
  while (lives() && Date.now() < until) await sleep(50);
  if (lives()) signal(pid, 'SIGKILL');
  while (lives() && Date.now() < until + PATIENCE_MS) await sleep(50);
}

/** The last lines that a program said. @param {string} state @param {string} name */
export function lastWords(state, name) {
  try {
    return tail(readFileSync(join(state, 'log', `${name}.log`), 'utf8'), LOG_LINES);
  } catch {
    return '';
  }
}

/** When a process started, in ticks since the machine did; null when there is none. @param {number} pid */
export function startTimeOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // Field 22 of proc(5), the state being field 3; a zombie has ended.
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
