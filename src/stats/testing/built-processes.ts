/** The counters of processes and cores of built records, as they are read: rounded where a kernel rounds them. */
import type { BucketCounts, CoreSnapshot, ProcessSnapshot } from '../../record/index.js';

/** When built runs begin. */
export const START_MICROS = 1_750_000_000_000_000;
const GC_PAUSE_NS = 60_000;

export interface ProcessState {
  readonly role: string;
  readonly pid: number;
  cpuNs: number;
  requests: number;
  dials: number;
  pooledBytes: number;
  bytes: number;
  allocBytes: number;
  gcCycles: number;
  switches: number;
}

export function freshProcess(role: string, pid: number): ProcessState {
  return {
    role,
    pid,
    cpuNs: 5_000_000,
    requests: 0,
    dials: 0,
    pooledBytes: 0,
    bytes: 0,
    allocBytes: 0,
    gcCycles: 0,
    switches: 0,
  };
}

export function processSnapshot(process: ProcessState, admin: boolean): ProcessSnapshot {
  const empty: BucketCounts = { upperNs: [100, null], counts: [0, 0] };
  // A kernel counts in ticks of 10 ms, so these two are rounded as its own are.
  const ticks = (micros: number) => Math.round(micros / 10_000) * 10_000;
  const gets = process.pooledBytes > 0 ? process.requests : 0;
  return {
    role: process.role,
    pid: process.pid,
    cpuNs: process.cpuNs,
    userMicros: ticks((process.cpuNs / 1000) * 0.4),
    systemMicros: ticks((process.cpuNs / 1000) * 0.6),
    voluntarySwitches: process.switches,
    involuntarySwitches: Math.round(process.switches / 20),
    rssBytes: 18_000_000,
    rssPeakBytes: 20_000_000 + Math.min(4_000_000, process.requests * 100),
    runtime: admin
      ? {
          gcCycles: process.gcCycles,
          gcPauses: { upperNs: [GC_PAUSE_NS, 2 * GC_PAUSE_NS, null], counts: [process.gcCycles * 2, 0, 0] },
          gcCpuSeconds: (process.cpuNs / 1e9) * 0.1,
          allocBytes: process.allocBytes,
          allocObjects: process.allocBytes / 500,
          heapLiveBytes: 4_000_000,
          goroutines: 40,
          schedLatency: empty,
          mutexWaitSeconds: 0,
        }
      : null,
    witness: admin
      ? {
          requests: process.requests,
          connectionsAccepted: 16,
          requestsVerified: 0,
          upstreamDials: process.dials,
          bytesCopied: process.bytes,
          bytesThroughPool: process.pooledBytes,
          poolGets: gets,
          poolHits: gets,
        }
      : null,
  };
}

export function coresOf(machine: {
  readonly nowMicros: number;
  readonly generatorMicros: number;
  readonly dataPlaneMicros: number;
  readonly systemMicros: number;
}): CoreSnapshot[] {
  const elapsed = machine.nowMicros - START_MICROS;
  const core = (cpu: number, user: number): CoreSnapshot => ({
    cpu,
    userMicros: user,
    systemMicros: machine.systemMicros / 2,
    irqMicros: 0,
    softirqMicros: 0,
    stealMicros: elapsed * 0.01,
    idleMicros: Math.max(0, elapsed - user - machine.systemMicros / 2),
  });
  return [core(0, machine.generatorMicros), core(1, machine.dataPlaneMicros)];
}
