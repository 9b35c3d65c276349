/** Starting the Go servers of a variant and knowing when and why one died. */
import { z } from 'zod';
import { type CounterSource, describeExit, type ProcessHost, type StartedProcess } from '../host/index.js';

/** A process of a variant did not start, or died before it answered; the message has its last log lines. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
}

export interface Server {
  readonly role: string;
  readonly process: StartedProcess;
  /** Of the server itself, which may have been started by another program. */
  readonly pid: number;
  /** `host:port` it serves on. */
  readonly address: string;
  /** Where it tells what it did; null where it does not. */
  readonly admin: CounterSource | null;
}

export interface Placement {
  readonly cores: readonly number[];
  readonly cgroup: string | null;
  /** Network namespace it starts in; null for the harness's own. */
  readonly netns: string | null;
  /** Further environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder it starts in; absent leaves the harness's own. */
  readonly directory?: string;
}

/** Long enough for a cold start on a busy machine; a server that listens does so in milliseconds. */
const START_LIMIT_MS = 10_000;

const listening = z.object({
  event: z.literal('listening'),
  address: z.string(),
  admin: z.string(),
  pid: z.int().optional(),
});

/** Starts a server of ours and waits for its "listening" line. Throws ServerStartError. */
export async function startServer(
  host: ProcessHost,
  role: string,
  argv: readonly string[],
  placement: Placement,
): Promise<Server> {
  let announce: (line: string) => void = () => undefined;
  const firstLine = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const process = host.start({
    argv,
    ...placement,
    // What starts a server may have something to say before it.
    onLine: (line) => {
      if (line.startsWith('{')) announce(line);
    },
  });
  const timer = new AbortController();
  const outcome = await Promise.race([
    firstLine.then((line) => ({ line })),
    process.exited.then(() => ({ line: null })),
    new Promise<{ line: null }>((resolve) => {
      const handle = setTimeout(() => resolve({ line: null }), START_LIMIT_MS);
      timer.signal.addEventListener('abort', () => clearTimeout(handle));
    }),
  ]);
  timer.abort();
  const parsed = outcome.line === null ? null : listening.safeParse(tryJson(outcome.line));
  if (parsed?.success !== true) {
    const how =
      process.exit() === null ? `said nothing for ${START_LIMIT_MS / 1000} s` : describeDeath(role, process);
    await host.end(process);
    throw new ServerStartError(process.exit() === null ? `${role} ${how}` : how);
  }
  const { address, admin, pid = process.pid } = parsed.data;
  return { role, process, pid, address, admin: { type: 'snapshot', address: admin } };
}

function tryJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Why a variant is no longer standing: the first of its processes that ended; null while all live. */
export function deathOf(servers: readonly Server[]): string | null {
  const dead = servers.find((server) => server.process.exit() !== null);
  return dead === undefined ? null : describeDeath(dead.role, dead.process);
}

function describeDeath(role: string, process: StartedProcess): string {
  const exit = process.exit();
  const how = exit === null ? 'is gone' : describeExit(exit);
  const tail = process.logTail().slice(-5);
  return `${role} ended: ${how}${tail.length === 0 ? '; it logged nothing' : `; its last lines: ${tail.join(' | ')}`}`;
}
