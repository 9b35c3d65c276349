/** A second node on this machine: a network namespace at the far end of a wire whose delay is measured. */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { EnvironmentFault } from './fault.js';
import { dataplaneBinary } from './install.js';
import { describeExit, type Exit, type ProcessHost, type StartedProcess } from './processes.js';

/** `tun` can delay packets; `veth` hands them over at once, in the kernel. */
export type WireKind = 'tun' | 'veth';

export interface WireOptions {
  /** How long a packet is under way, each way. */
  readonly delayMs: number;
  readonly kind: WireKind;
  /** Cores it may run on; null or nothing leaves the harness's own. */
  readonly cores?: readonly number[] | null;
}

export interface Wire {
  /** Ending it removes the wire and, unless something still runs there, the namespace. */
  readonly process: StartedProcess;
  /** File of the far namespace, for `ProcessHost.start`. */
  readonly namespace: string;
  /** The harness's own end. */
  readonly nearAddress: string;
  readonly farAddress: string;
  /** There and back, as measured by packets over the wire before anything else used it. */
  readonly roundTripMicros: { readonly median: number; readonly p99: number };
}

/** What the set-up may take beside the delay: a busy machine, and a second until a new veth pair answers. */
const READY_LIMIT_MS = 15_000;
/** How many times a packet travels the wire, one way, while the wire is set up and measured. */
const WAYS_UNTIL_READY = 6;

const readyEvent = z.object({
  event: z.literal('ready'),
  bNamespace: z.string(),
  aAddress: z.string(),
  bAddress: z.string(),
  roundTripMicros: z.object({ median: z.number(), p99: z.number() }),
});

const probeEvent = z.object({
  event: z.literal('probe'),
  available: z.boolean(),
  reason: z.string().optional(),
});

/**
 * Makes a namespace and joins the harness's own to it. Resolves once packets travel both ways. Throws
 * NETWORK_NAMESPACE with what is missing, for example root or /dev/net/tun.
 */
export async function startWire(host: ProcessHost, options: WireOptions): Promise<Wire> {
  const limitMs = READY_LIMIT_MS + WAYS_UNTIL_READY * options.delayMs;
  const { started, line } = await firstLine(host, options, limitMs);
  const ready = line === null ? null : readReady(line);
  if (ready === null) {
    const exit = started.exit();
    await host.end(started);
    throw noWire(exit === null ? `no wire within ${limitMs} ms` : lastWords(started, exit));
  }
  return {
    process: started,
    namespace: ready.bNamespace,
    nearAddress: ready.aAddress,
    farAddress: ready.bAddress,
    roundTripMicros: ready.roundTripMicros,
  };
}

/** Starts the wire and waits for its first line; `line` is null when the time is up or it ended without one. */
function firstLine(
  host: ProcessHost,
  options: WireOptions,
  limitMs: number,
): Promise<{ started: StartedProcess; line: string | null }> {
  const delay = `${Math.round(options.delayMs * 1000)}us`;
  return new Promise((resolve) => {
    const started = host.start({
      argv: [dataplaneBinary(), 'wire', '--kind', options.kind, '--delay', delay],
      cores: options.cores ?? null,
      cgroup: null,
      onLine: (line) => settle(line),
    });
    const settle = (line: string | null) => {
      clearTimeout(timer);
      resolve({ started, line });
    };
    const timer = setTimeout(() => settle(null), limitMs);
    started.exited.then(() => settle(null)).catch(() => undefined);
  });
}

function readReady(line: string): z.infer<typeof readyEvent> | null {
  try {
    return readyEvent.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function lastWords(started: StartedProcess, exit: Exit): string {
  return (
    started
      .logTail()
      .at(-1)
      ?.replace(/^dataplane (wire|launch): /, '') ?? describeExit(exit)
  );
}

function noWire(reason: string): EnvironmentFault {
  return new EnvironmentFault(
    'NETWORK_NAMESPACE',
    `a second node cannot be set up on this machine: ${reason}`,
  );
}

export type NamespacesAvailable =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string };

/** Makes a wire, sends packets over it and removes it again, which takes under a second; says why that did not work. */
export function namespacesAvailable(kind: WireKind = 'tun'): NamespacesAvailable {
  const probe = spawnSync(dataplaneBinary(), ['wire', '--probe', '--kind', kind], {
    encoding: 'utf8',
    timeout: READY_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  try {
    const event = probeEvent.parse(JSON.parse(probe.stdout));
    if (event.available) return { available: true };
    return { available: false, reason: event.reason ?? 'for no known reason' };
  } catch {
    return {
      available: false,
      reason: probe.error?.message ?? (probe.stderr.trim() || 'the probe said nothing'),
    };
  }
}
