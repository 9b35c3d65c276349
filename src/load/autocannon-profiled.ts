/** Load by autocannon, one of whose processes is started by a profiler: of the others nothing is kept. */
import { join } from 'node:path';
import { describeExit, installRoot, type ProcessHost, type StartedBy } from '../host/index.js';
import { type AutocannonSliceOrder, sharesOf, startAutocannon } from './autocannon.js';
import { type AutocannonOrder, autocannonMessage } from './autocannon-messages.js';

export interface ProfiledLoad extends AutocannonSliceOrder {
  /** That share the connections, the profiled one among them. */
  readonly processes: number;
}

/** What a profiler may take to start and to write, beyond the slice. */
const SLACK_MS = 30_000;

/**
 * Sends for the slice and returns what the profiled process sent, once its profiler has ended; `fault` says how, where that
 * was not well, with its last lines. When `signal` is aborted, all of them are killed. Throws DRIVER_EXITED when another of
 * the processes died.
 */
export async function profileAutocannon(
  host: ProcessHost,
  cores: readonly number[],
  cgroup: string | null,
  { argv, env, directory }: StartedBy,
  signal: AbortSignal,
  { processes, connections, address, ...rest }: ProfiledLoad,
): Promise<{ readonly requests: number; readonly fault: string | null }> {
  const [own = connections, ...others] = sharesOf(connections, processes);
  const order: AutocannonOrder = { order: 'slice', url: `http://${address}/`, connections: own, ...rest };
  let requests = 0;
  const script = join(installRoot, 'dist', 'load', 'autocannon-process.js');
  const profiled = host.start({
    argv: [...argv, script, JSON.stringify(order)],
    cores,
    cgroup,
    env,
    directory,
    onLine: (line) => {
      const told = line.startsWith('{') ? autocannonMessage.safeParse(JSON.parse(line)) : null;
      if (told?.success !== true) return;
      if (told.data.message === 'warm') requests += told.data.warmupRequests;
      if (told.data.message === 'result') requests += told.data.requests;
    },
  });
  const rested = others.length === 0 ? null : startAutocannon(host, cores, cgroup, others.length);
  const limit = setTimeout(() => profiled.signal('SIGKILL'), rest.warmupMs + rest.durationMs + SLACK_MS);
  const abort = () => {
    profiled.signal('SIGKILL');
    rested?.close().catch(() => undefined);
  };
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const beside = rested?.runSlice({ address, connections: connections - own, ...rest }, () =>
      Promise.resolve(),
    );
    const [exit] = await Promise.all([profiled.exited, beside]);
    const fault =
      exit.code === 0
        ? null
        : `autocannon ended: ${describeExit(exit)}; its last lines: ${profiled.logTail().slice(-5).join(' | ') || 'none'}`;
    return { requests, fault };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', abort);
    await Promise.all([rested?.close(), host.end(profiled)]);
  }
}
