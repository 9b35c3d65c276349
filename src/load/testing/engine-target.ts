/** A target for tests of engines that stand in for others. */
import type { EngineTarget } from '../loadgen.js';

export const READY = { event: 'ready', pid: 1, goVersion: 'go', cpuClock: 'process' } as const;

/** One over HTTP/1.1 that nobody connects to. */
export function engineTarget(id: string): EngineTarget {
  return {
    id,
    address: '10.0.0.1:1',
    connections: 1,
    timeoutMs: 1000,
    protocol: 'http1',
    connectionPerRequest: false,
    idleConnections: 0,
    processes: [],
  };
}
