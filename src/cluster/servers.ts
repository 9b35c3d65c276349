/** Starting the Go servers of a variant and knowing when and why one died. */
import { z } from 'zod';
import { dataplaneBinary, describeExit, type ProcessHost, type StartedProcess } from '../host/index.js';
import type { VariantSpec } from '../variants/index.js';
import type { ServiceSpec } from './cluster.js';

/** A process of a variant did not start, or died before it answered; the message has its last log lines. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
}

export interface Server {
  readonly role: string;
  readonly process: StartedProcess;
  /** `host:port` it serves on. */
  readonly address: string;
  readonly admin: string | null;
}

export interface Placement {
  readonly cores: readonly number[];
  readonly cgroup: string | null;
}

/** Long enough for a cold start on a busy machine; a server that listens does so in milliseconds. */
const START_LIMIT_MS = 10_000;

const listening = z.object({ event: z.literal('listening'), address: z.string(), admin: z.string() });

/** Starts a server of the data-plane binary and waits for its "listening" line. Throws ServerStartError. */
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
    argv: [dataplaneBinary(), ...argv],
    ...placement,
    onLine: (line) => announce(line),
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
  return { role, process, address: parsed.data.address, admin: parsed.data.admin };
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

/** Command-line arguments of the service. */
export function serviceArguments(service: ServiceSpec): string[] {
  const { min, max } = service.responseBytes;
  return [
    'service',
    ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--response-bytes', String(min)],
    ...(max > min ? ['--response-bytes-max', String(max)] : []),
    ...(service.delayMs > 0 ? ['--delay', `${service.delayMs}ms`] : []),
    ...(service.faultRate > 0 ? ['--fault-rate', String(service.faultRate)] : []),
  ];
}

/** Command-line arguments of one half of a sidecar hop. The planted burn goes into the outbound half only. */
export function sidecarArguments(
  form: Extract<VariantSpec['form'], { type: 'sidecar' }>,
  role: 'outbound' | 'inbound',
  upstream: string,
  protocol: 'http1' | 'tcp',
): string[] {
  const burn = role === 'outbound' ? form.options.testBurnMicros : 0;
  return [
    'sidecar',
    ...['--role', role, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--upstream', upstream],
    ...['--listen-protocol', protocol, '--buffers', form.options.buffers],
    ...['--idle-upstream-connections', String(form.idleUpstreamConnections)],
    ...(burn > 0 ? ['--burn-micros', String(burn)] : []),
  ];
}
