/** The autocannon driver: closed-loop slices of seconds, by processes of its own, each of which fills one core. */
import { join } from 'node:path';
import {
  describeExit,
  EnvironmentFault,
  installRoot,
  type ProcessHost,
  type StartedProcess,
} from '../host/index.js';
import { type EventLoop, mergeEncodedHistograms } from '../record/index.js';
import {
  type AutocannonMessage,
  type AutocannonOrder,
  type AutocannonShare,
  autocannonMessage,
} from './autocannon-messages.js';

export interface AutocannonSliceOrder {
  /** `host:port`. */
  readonly address: string;
  /** Shared out among the processes. */
  readonly connections: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly timeoutMs: number;
}

/** What all processes together saw of a slice. */
export interface AutocannonResult
  extends Omit<AutocannonShare, 'message' | 'eventLoop' | 'gcCycles' | 'failed'> {
  readonly warmupRequests: number;
  /** CPU of all processes during the measured part. */
  readonly cpuNs: number;
  readonly gcCycles: number;
  /** One for each process that had connections. */
  readonly eventLoops: EventLoop[];
  /** Why the target was given up; null when it served. */
  readonly failed: string | null;
}

export interface AutocannonDriver {
  /**
   * Runs one slice. `onEdge` is called while load flows, just before counting starts in all processes and just after it
   * ended in the last. Throws DRIVER_EXITED when a process died; the others are ended then.
   */
  runSlice(
    order: AutocannonSliceOrder,
    onEdge: (edge: 'start' | 'end') => Promise<void>,
  ): Promise<AutocannonResult>;
  close(): Promise<void>;
}

/** Starts the driver's processes on the generator's cores and, where there is one, in the clients' cgroup. */
export function startAutocannon(
  host: ProcessHost,
  cores: readonly number[],
  cgroup: string | null = null,
  processes = 1,
): AutocannonDriver {
  const workers = Array.from({ length: processes }, () => startWorker(host, cores, cgroup));
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.close()));
  };

  return {
    runSlice: async ({ address, connections, ...rest }, onEdge) => {
      const shares = sharesOf(connections, workers.length);
      const active = workers.slice(0, shares.length);
      const tellAll = (order: AutocannonOrder) => {
        for (const worker of active) worker.send(order);
      };
      const fromAll = <Kind extends AutocannonMessage['message']>(kind: Kind) =>
        Promise.all(active.map((worker) => worker.next(kind)));
      try {
        const warmed = fromAll('warm');
        active.forEach((worker, index) => {
          worker.send({
            order: 'slice',
            url: `http://${address}/`,
            connections: shares[index] ?? 1,
            ...rest,
          });
        });
        const warm = await warmed;
        await onEdge('start');
        // Nobody counts before everybody is warm, and all are told in one go.
        const counted = fromAll('counted');
        tellAll({ order: 'count' });
        await counted;
        await onEdge('end');
        const results = fromAll('result');
        tellAll({ order: 'stop' });
        return merged(
          await results,
          warm.reduce((sum, { warmupRequests }) => sum + warmupRequests, 0),
        );
      } catch (fault) {
        await close();
        throw fault;
      }
    },
    close,
  };
}

/** Connections for each process, as equal as they can be; never a process without one. */
export function sharesOf(connections: number, processes: number): number[] {
  const used = Math.min(connections, processes);
  const each = Math.floor(connections / used);
  return Array.from({ length: used }, (_, index) => each + (index < connections % used ? 1 : 0));
}

/** The slice as one: what was counted is added up, its time is from the first start to the last end. */
function merged(shares: readonly AutocannonShare[], warmupRequests: number): AutocannonResult {
  const sum = (of: (share: AutocannonShare) => number) =>
    shares.reduce((total, share) => total + of(share), 0);
  return {
    warmupRequests,
    startedAtMicros: Math.min(...shares.map((share) => share.startedAtMicros)),
    endedAtMicros: Math.max(...shares.map((share) => share.endedAtMicros)),
    requests: sum(({ requests }) => requests),
    errors: {
      connect: sum(({ errors }) => errors.connect),
      reset: sum(({ errors }) => errors.reset),
      timeout: sum(({ errors }) => errors.timeout),
      status: sum(({ errors }) => errors.status),
      protocol: sum(({ errors }) => errors.protocol),
    },
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    latency: mergeEncodedHistograms(shares.map(({ latency }) => latency)),
    cpuNs: sum(({ eventLoop }) => eventLoop.cpuNs),
    gcCycles: sum(({ gcCycles }) => gcCycles),
    eventLoops: shares.map(({ eventLoop }) => eventLoop),
    failed: shares.find(({ failed }) => failed !== null)?.failed ?? null,
  };
}

interface Worker {
  send(order: AutocannonOrder): void;
  /** Its next message of a kind. Ask before it can be sent. Rejects with DRIVER_EXITED when the process ends first. */
  next<Kind extends AutocannonMessage['message']>(
    kind: Kind,
  ): Promise<Extract<AutocannonMessage, { message: Kind }>>;
  close(): Promise<void>;
}

function startWorker(host: ProcessHost, cores: readonly number[], cgroup: string | null): Worker {
  const script = join(installRoot, 'dist', 'load', 'autocannon-process.js');
  let deliver: (message: AutocannonMessage) => void = () => undefined;
  const child: StartedProcess = host.start({
    argv: [process.execPath, script],
    cores,
    cgroup,
    onLine: (line) => deliver(autocannonMessage.parse(JSON.parse(line))),
  });
  const died = child.exited.then((exit): never => {
    throw new EnvironmentFault(
      'DRIVER_EXITED',
      `autocannon's process ended: ${describeExit(exit)}; its last lines: ${child.logTail().slice(-5).join(' | ') || 'none'}`,
    );
  });
  died.catch(() => undefined);

  return {
    send: (order) => child.writeLine(JSON.stringify(order)),
    next: (kind) =>
      Promise.race([
        new Promise<Extract<AutocannonMessage, { message: typeof kind }>>((resolve) => {
          deliver = (message) => {
            if (message.message === kind)
              resolve(message as Extract<AutocannonMessage, { message: typeof kind }>);
          };
        }),
        died,
      ]),
    close: () => host.end(child),
  };
}
