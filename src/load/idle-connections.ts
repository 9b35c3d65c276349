/**
 * Connections that are open and say nothing. Each variant's are held by a process of their own: a limit on open files is a
 * process's, and 10,000 for each of several variants are more than one may have.
 */
import { EnvironmentFault, type ProcessHost } from '../host/index.js';
import { type EngineTarget, startLoadgen } from './loadgen.js';

export interface IdleConnections {
  close(): Promise<void>;
}

/** Opens `count` connections to a target and keeps them. Throws IDLE_CONNECTIONS where they cannot be had. */
export async function holdIdleConnections(
  host: ProcessHost,
  cores: readonly number[],
  cgroup: string | null,
  target: Pick<EngineTarget, 'id' | 'address' | 'protocol'>,
  count: number,
): Promise<IdleConnections> {
  const holder = await startLoadgen(host, cores, cgroup);
  const failed = await holder.setTargets([
    {
      ...target,
      connections: 1,
      connectionPerRequest: false,
      timeoutMs: 5000,
      processes: [],
      idleConnections: count,
    },
  ]);
  const reason = failed[target.id];
  if (reason !== undefined) {
    await holder.close();
    throw new EnvironmentFault('IDLE_CONNECTIONS', reason);
  }
  return { close: () => holder.close() };
}
