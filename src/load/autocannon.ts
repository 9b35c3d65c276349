/** The autocannon driver: closed-loop slices of seconds, by a process of its own. */
import { join } from 'node:path';
import {
  describeExit,
  EnvironmentFault,
  installRoot,
  type ProcessHost,
  type StartedProcess,
} from '../host/index.js';
import {
  type AutocannonMessage,
  type AutocannonOrder,
  type AutocannonResult,
  autocannonMessage,
} from './autocannon-messages.js';

export interface AutocannonSliceOrder {
  /** `host:port`. */
  readonly address: string;
  readonly connections: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly timeoutMs: number;
}

export interface AutocannonDriver {
  /**
   * Runs one slice. `onEdge` is called while load flows, just before counting starts and just after it ended; the
   * caller reads its clocks there. Throws DRIVER_EXITED.
   */
  runSlice(
    order: AutocannonSliceOrder,
    onEdge: (edge: 'start' | 'end') => Promise<void>,
  ): Promise<AutocannonResult & { readonly warmupRequests: number }>;
  close(): Promise<void>;
}

/** Starts the driver's process on the generator's cores. */
export function startAutocannon(host: ProcessHost, cores: readonly number[]): AutocannonDriver {
  const script = join(installRoot, 'dist', 'load', 'autocannon-process.js');
  let deliver: (message: AutocannonMessage) => void = () => undefined;
  const child: StartedProcess = host.start({
    argv: [process.execPath, script],
    cores,
    cgroup: null,
    onLine: (line) => deliver(autocannonMessage.parse(JSON.parse(line))),
  });
  const died = child.exited.then((exit): never => {
    throw new EnvironmentFault(
      'DRIVER_EXITED',
      `autocannon's process ended: ${describeExit(exit)}; its last lines: ${child.logTail().slice(-5).join(' | ') || 'none'}`,
    );
  });
  died.catch(() => undefined);

  const send = (order: AutocannonOrder) => child.writeLine(JSON.stringify(order));

  const next = <Kind extends AutocannonMessage['message']>(kind: Kind) =>
    Promise.race([
      new Promise<Extract<AutocannonMessage, { message: Kind }>>((resolve) => {
        deliver = (message) => {
          if (message.message === kind) resolve(message as Extract<AutocannonMessage, { message: Kind }>);
        };
      }),
      died,
    ]);

  return {
    runSlice: async (order, onEdge) => {
      const { address, ...rest } = order;
      send({ order: 'slice', url: `http://${address}/`, ...rest });
      const { warmupRequests } = await next('warm');
      await onEdge('start');
      send({ order: 'count' });
      await next('counted');
      await onEdge('end');
      send({ order: 'stop' });
      return { ...(await next('result')), warmupRequests };
    },
    close: () => host.end(child),
  };
}
