/** A program in a pod, spoken with by lines through the API server. */

import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import type { LineChannel } from '../../host/index.js';
import { type Connection, messageOf } from './connection.js';

export interface PodProgram {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly argv: readonly string[];
}

/** How long a program that was told to end may take. */
const END_LIMIT_MS = 3000;
const KEPT_LINES = 5;

/** Starts a program in a container that runs; `trouble` tells what the cluster knows against the pod. */
export function execInPod(
  { config }: Connection,
  { namespace, pod, container, argv }: PodProgram,
  onLine: (line: string) => void,
  trouble: () => string | null,
): LineChannel {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const complaints: string[] = [];
  createInterface({ input: stdout }).on('line', onLine);
  createInterface({ input: stderr }).on('line', (line) => {
    complaints.push(line);
    if (complaints.length > KEPT_LINES) complaints.shift();
  });
  let reason: string | null = null;
  let leave: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const end = (why: string) => {
    if (reason !== null) return;
    const said = complaints.length === 0 ? '' : `; its last lines: ${complaints.join(' | ')}`;
    reason = `${trouble() ?? why}${said}`;
    leave();
  };
  const onStatus = (status: V1Status) =>
    end(status.status === 'Success' ? 'exit code 0' : (status.message ?? status.reason ?? 'it failed'));
  let socket: { close(): void; terminate(): void } | null = null;
  void new Exec(config)
    .exec(namespace, pod, container, [...argv], stdout, stderr, stdin, false, onStatus)
    .then(
      (opened) => {
        socket = opened;
        opened.on('error', (error: Error) => end(`the connection to it was lost: ${error.message}`));
        opened.on('close', () => end('the connection to it through the API server was lost'));
      },
      (error: unknown) => end(`it could not be started in ${pod}: ${messageOf(error)}`),
    );
  return {
    writeLine: (line) => {
      stdin.write(`${line}\n`);
    },
    ended,
    endReason: () => reason,
    close: async () => {
      stdin.end();
      const limit = setTimeout(() => socket?.terminate(), END_LIMIT_MS);
      const patience = setTimeout(() => end('it did not end'), 2 * END_LIMIT_MS);
      await ended;
      clearTimeout(limit);
      clearTimeout(patience);
      socket?.terminate();
    },
  };
}

/** Runs a program to its end and returns what it said. Throws an Error with why it could not. */
export async function runInPod(
  connection: Connection,
  program: PodProgram,
  limitMs: number,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const channel = execInPod(
    connection,
    program,
    (line) => lines.push(line),
    () => null,
  );
  const limit = setTimeout(() => void channel.close(), limitMs);
  await channel.ended;
  clearTimeout(limit);
  const reason = channel.endReason();
  if (reason === 'exit code 0') return lines;
  throw new Error(`${program.argv.join(' ')} in ${program.pod}: ${reason ?? 'no reason'}`);
}
