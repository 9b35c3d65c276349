/** What is told of an engine from which nothing more comes. */
import { EnvironmentFault } from '../host/index.js';
import type { EngineSlice } from './engine-events.js';
import type { EngineSliceOrder } from './loadgen.js';

/** Why an engine is lost to its own target, which is no loss to the others. Throws what is no such loss. */
export function lossOf(fault: unknown): string {
  if (fault instanceof EnvironmentFault && fault.code === 'DRIVER_EXITED') return fault.message;
  throw fault;
}

/** A slice of which nothing was told. */
export function lostSlice(order: EngineSliceOrder, failed: string): EngineSlice {
  const nowMicros = Date.now() * 1000;
  return {
    event: 'slice',
    seq: order.seq,
    target: order.target,
    startedAtMicros: nowMicros,
    endedAtMicros: nowMicros,
    warmupRequests: 0,
    requests: 0,
    errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
    bytesReceived: 0,
    offeredRatePerSecond: order.model === 'open' ? order.ratePerSecond : null,
    latency: null,
    sendLatency: null,
    sendLag: null,
    beyondResidence: null,
    cpu: [],
    generator: { cpuNs: 0, gcCycles: 0, connectionWaits: 0 },
    failed,
  };
}
