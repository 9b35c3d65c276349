/** Sampling processes with `perf record`, for exactly as long as asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A prime, so that it does not fall in step with what a proxy does at regular times. */
const SAMPLES_PER_SECOND = 499;
const ANSWER_LIMIT_MS = 10_000;

export interface SampleOrder {
  /** Path of perf. */
  readonly perf: string;
  /** As perf calls it: `cpu-clock`. */
  readonly event: string;
  /** Of processes; what they start later is sampled, too. */
  readonly pids: readonly number[];
  /** Where the samples go. */
  readonly file: string;
  readonly seconds: number;
  /** Read as sampling begins and as it ends. */
  readonly meter: () => number;
}

/** For how long it was sampled and by how much the meter went on meanwhile, or why it was not. */
export async function recordSamples(
  { perf, event, pids, file, seconds, meter }: SampleOrder,
  signal: AbortSignal,
): Promise<{ readonly seconds: number; readonly metered: number } | string> {
  const child = spawn(
    perf,
    [
      ...[
        'record',
        '-q',
        '-F',
        String(SAMPLES_PER_SECOND),
        '-g',
        '-e',
        event,
        '-p',
        pids.join(','),
        '-o',
        file,
      ],
      // Stands by until it is told, so that its own start lies outside of what it samples.
      ...['-D', '-1', '--control', 'fd:3,4'],
    ],
    // Should the harness be killed, perf ends with the process that it looks at.
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      resolve();
    });
    child.once('exit', () => resolve());
  });
  const told = controls(child, exited);
  const fault = () => `perf record: ${lastLine(said)}`;
  try {
    if (!(await told('enable'))) return fault();
    const startedAtMs = performance.now();
    const startedAt = meter();
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return 'the run was interrupted';
    if (!(await told('disable'))) return fault();
    const sampledMs = performance.now() - startedAtMs;
    const metered = meter() - startedAt;
    // It may be gone before its answer is read.
    await told('stop');
    await within(exited);
    return child.exitCode === 0 ? { seconds: sampledMs / 1000, metered } : fault();
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  }
}

/** Tells perf a word and waits until it says that it has done so; false when it did not. */
function controls(child: ChildProcess, exited: Promise<void>): (word: string) => Promise<boolean> {
  const [, , , orders, answers] = child.stdio as unknown as readonly [null, null, null, Duplex, Duplex];
  // It may be gone; its exit says why.
  orders.on('error', () => undefined);
  answers.on('error', () => undefined);
  return async (word) => {
    const acknowledged = new Promise<boolean>((resolve) => answers.once('data', () => resolve(true)));
    orders.write(`${word}\n`);
    return (await within(Promise.race([acknowledged, exited.then(() => false)]))) ?? false;
  };
}

/** What the promise gives, or null when that takes too long. */
async function within<T>(promise: Promise<T>): Promise<T | null> {
  const limit = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(ANSWER_LIMIT_MS, null, { signal: limit.signal }).catch(() => null),
    ]);
  } finally {
    limit.abort();
  }
}

/** The last line of what a program said. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'it said nothing';
}
