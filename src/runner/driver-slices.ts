/** Slices by drivers of others: a process of theirs sends, and the clocks are read here while it does. */
import { type AutocannonDriver, type K6Driver, meanRateOf } from '../load/index.js';
import { type PlannedSlice, workloadOf } from '../plan/index.js';
import type { CpuEdges, SliceRecord, WindowRecord } from '../record/index.js';
import { deploymentOf, type Session } from './session.js';
import { auditK6Slice, placeOf } from './slice-record.js';
import { clocksAt, type Edge, readClocks, readEdge, windowOf } from './windows.js';

/** A slice that lasts a time, as all of these do. */
export type TimedSlice = PlannedSlice & {
  readonly length: Extract<PlannedSlice['length'], { type: 'duration' }>;
};

/** What a slice gave: its line of the record, and that of the window around it. */
export interface DriverSlice {
  readonly slice: SliceRecord;
  readonly window: WindowRecord;
}

const UNKNOWN = { sendLatency: null, sendLag: null, beyondResidence: null } as const;

function statusOf(failed: string | null): SliceRecord['status'] {
  return failed === null ? { state: 'measured' } : { state: 'failed', reason: failed };
}

/** The clocks of the variant's processes at a slice's three edges; a process without one of them is left out. */
function cpuOf(session: Session, variant: string, edges: readonly Edge[]): CpuEdges[] {
  const [warmup, first, last] = edges.map(clocksAt);
  return deploymentOf(session, variant).processes.flatMap(({ role, pid }) => {
    const [warmupStartNs, startNs, endNs] = [warmup?.get(pid), first?.get(pid), last?.get(pid)];
    return warmupStartNs === undefined || startNs === undefined || endNs === undefined
      ? []
      : [{ role, pid, warmupStartNs, startNs, endNs }];
  });
}

/** Runs a slice by autocannon. Null when the run was interrupted in it. */
export async function runAutocannonSlice(
  session: Session,
  slice: TimedSlice,
  autocannon: AutocannonDriver,
): Promise<DriverSlice | null> {
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const { connections, timeoutMs } = workloadOf(session.plan, slice.variant);
  const { durationMs, warmupMs } = slice.length;
  const address = deploymentOf(session, slice.variant).entry;
  const start = await readEdge(session, [slice.variant], 'after');
  const edges: Edge[] = [];
  const result = await autocannon.runSlice(
    { address, connections, warmupMs, durationMs, timeoutMs },
    async () => {
      edges.push(await readClocks(session));
    },
  );
  if (session.hooks.signal.aborted) return null;
  const end = await readEdge(session, [slice.variant], 'before');
  const { cpuNs, eventLoops, gcCycles, failed, ...measured } = result;
  const sent = result.requests + result.warmupRequests;
  return {
    slice: {
      ...placeOf(session, seq, slice),
      ...measured,
      ...UNKNOWN,
      driver: 'autocannon',
      model: 'closed',
      offeredRatePerSecond: null,
      cpu: cpuOf(session, slice.variant, [start, ...edges]),
      generator: { cpuNs, gcCycles, connectionWaits: 0, eventLoops },
      status: statusOf(failed),
      validity: { status: 'valid', reasons: [] },
    },
    window: windowOf(session, slice.variant, windowTrack(slice), seq, sent, start, end),
  };
}

/** Runs a slice by k6. Null when the run was interrupted in it. */
export async function runK6Slice(
  session: Session,
  slice: TimedSlice,
  k6: K6Driver,
): Promise<DriverSlice | null> {
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const { durationMs, warmupMs } = slice.length;
  const address = deploymentOf(session, slice.variant).entry;
  const start = await readEdge(session, [slice.variant], 'after');
  const edges: Edge[] = [];
  const ownCpuNs: (number | null)[] = [];
  const result = await k6.runSlice({ address, warmupMs, durationMs }, async (_edge, pid) => {
    edges.push(await readClocks(session));
    ownCpuNs.push(session.ports.readProcessCpuNs(pid));
  });
  if (session.hooks.signal.aborted) return null;
  const end = await readEdge(session, [slice.variant], 'before');
  const { dropped, portsExhausted, sent, failed, ...measured } = result;
  const [before, after] = ownCpuNs;
  const { script } = k6.load;
  const ratePerSecond = meanRateOf(k6.load);
  const generator = {
    cpuNs: Math.max(0, (after ?? 0) - (before ?? 0)),
    gcCycles: null,
    connectionWaits: dropped,
    portsExhausted,
    ...(ratePerSecond === null ? {} : { dropped }),
  };
  const cores = session.ports.cluster.isolation.generatorCores.length;
  return {
    slice: {
      ...placeOf(session, seq, slice),
      ...measured,
      ...UNKNOWN,
      driver: 'k6',
      model: ratePerSecond === null ? 'closed' : 'open',
      offeredRatePerSecond: ratePerSecond,
      timedFrom: 'send',
      cpu: cpuOf(session, slice.variant, [start, ...edges]),
      generator,
      status: statusOf(failed),
      // A script of the user's may send any number of requests for each iteration that is due.
      validity: auditK6Slice(
        { ...measured, generator },
        { ratePerSecond, cores, ownScript: script !== null },
      ),
    },
    window: windowOf(session, slice.variant, windowTrack(slice), seq, sent, start, end),
  };
}

function windowTrack({ track }: PlannedSlice): 'long' | 'cross-check' {
  return track === 'long' ? 'long' : 'cross-check';
}
