/** Running blocks: one slice of every living variant, next to each other in time. */
import type { EngineSliceOrder } from '../load/index.js';
import { type PlannedSlice, planBlock } from '../plan/index.js';
import type { SliceRecord, Track } from '../record/index.js';
import { deploymentOf, failVariant, livingVariants, type Session } from './session.js';
import { loadgenSlice, placeOf } from './slice-record.js';
import { clocksAt, type Edge, readClocks, readEdge, windowOf } from './windows.js';

/** The slices of the next block that can still be run, in the plan's random order. */
function nextBlock(session: Session, track: Track): PlannedSlice[] {
  const slices = planBlock(session.plan, session.nextBlock, track);
  session.nextBlock += 1;
  return slices.filter((slice) => !session.failures.has(slice.variant));
}

/** Keeps a slice, and takes its variant out of the run when it could not serve it. */
function keepSlice(session: Session, slice: SliceRecord): void {
  session.sink.append(slice);
  session.hooks.onProgress({ type: 'slice', slice });
  if (slice.status.state !== 'failed') return;
  const death = session.standing.get(slice.variant)?.deathReason() ?? null;
  failVariant(session, slice.variant, death ?? `stopped answering: ${slice.status.reason}`);
}

/** A round's micro blocks: as many as fit its time, with runtime metrics read only before the first and after the last. */
export async function runMicroPart(session: Session): Promise<void> {
  const { micro } = session.plan.schedule;
  if (micro === null || session.hooks.signal.aborted) return;
  const variants = livingVariants(session).map((variant) => variant.id);
  const requests = new Map<string, number>();
  const start = await readEdge(session, variants, 'after');
  const until = session.ports.clock.nowMicros() + micro.perRoundMs * 1000;
  while (session.ports.clock.nowMicros() < until && !session.hooks.signal.aborted) {
    const block = nextBlock(session, 'micro');
    if (block.length === 0) break;
    await runLoadgenSlices(session, block, (slice) => {
      requests.set(slice.variant, (requests.get(slice.variant) ?? 0) + slice.requests + slice.warmupRequests);
    });
  }
  const end = await readEdge(session, variants, 'before');
  for (const variant of variants) {
    session.sink.append(windowOf(session, variant, 'micro', null, requests.get(variant) ?? 0, start, end));
  }
}

/** One block of long slices by the scenario's own driver. */
export async function runLongBlock(session: Session): Promise<void> {
  if (session.plan.schedule.long === null) return;
  for (const slice of nextBlock(session, 'long')) {
    if (session.hooks.signal.aborted) return;
    if (session.plan.load.driver === 'autocannon') await runAutocannonSlice(session, slice);
    else await runWindowedLoadgenSlice(session, slice);
  }
}

/** One block by the second driver, whose figures are shown beside and never decide. */
export async function runCrossCheckBlock(session: Session): Promise<void> {
  const { crossCheck } = session.plan.schedule;
  if (crossCheck === null || (session.round + 1) % crossCheck.everyRounds !== 0) return;
  for (const slice of nextBlock(session, 'cross-check')) {
    if (session.hooks.signal.aborted) return;
    await runAutocannonSlice(session, slice);
  }
}

async function runWindowedLoadgenSlice(session: Session, slice: PlannedSlice): Promise<void> {
  const start = await readEdge(session, [slice.variant], 'after');
  await runLoadgenSlices(session, [slice], () => undefined, start);
}

/** Runs slices in one order to the engine; with `start` given, the (single) slice gets a window of its own. */
async function runLoadgenSlices(
  session: Session,
  slices: readonly PlannedSlice[],
  onKept: (slice: SliceRecord) => void,
  start: Edge | null = null,
): Promise<void> {
  const bySeq = new Map<number, PlannedSlice>();
  const orders = slices.map((slice) => {
    const seq = session.nextSeq;
    session.nextSeq += 1;
    bySeq.set(seq, slice);
    return orderOf(session, seq, slice);
  });
  const kept: SliceRecord[] = [];
  await session.ports.engine.runSlices(orders, (seen) => {
    const planned = bySeq.get(seen.seq);
    // A slice that Ctrl-C cut short is no measurement.
    if (planned === undefined || session.hooks.signal.aborted) return;
    const order = orders.find((one) => one.seq === seen.seq);
    const slice = loadgenSlice(session, planned, seen, order?.model ?? 'closed');
    kept.push(slice);
    keepSlice(session, slice);
    onKept(slice);
  });
  const [only] = kept;
  if (start === null || only === undefined) return;
  const end = await readEdge(session, [only.variant], 'before');
  const sent = only.requests + only.warmupRequests;
  session.sink.append(
    windowOf(session, only.variant, only.track === 'micro' ? 'micro' : 'long', only.seq, sent, start, end),
  );
}

function orderOf(session: Session, seq: number, slice: PlannedSlice): EngineSliceOrder {
  const place = { seq, target: slice.variant };
  if (slice.length.type === 'requests') {
    const { requests, warmupRequests } = slice.length;
    return { ...place, model: 'closed', requests, warmupRequests };
  }
  const { durationMs, warmupMs } = slice.length;
  const { load } = session.plan;
  if (load.driver === 'loadgen' && load.model === 'open') {
    const { ratePerSecond, arrivals } = load;
    const burst = load.arrivals === 'bursts' ? { burst: load.burst } : {};
    return {
      ...place,
      model: 'open',
      ratePerSecond,
      arrivals,
      ...burst,
      seed: slice.arrivalSeed,
      durationMs,
      warmupMs,
    };
  }
  return { ...place, model: 'closed', durationMs, warmupMs };
}

async function runAutocannonSlice(session: Session, slice: PlannedSlice): Promise<void> {
  const { autocannon } = session.ports;
  if (autocannon === null || slice.length.type !== 'duration') return;
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const deployment = deploymentOf(session, slice.variant);
  const { connections, timeoutMs } = session.plan.workload;
  const start = await readEdge(session, [slice.variant], 'after');
  const edges: Edge[] = [];
  const { durationMs, warmupMs } = slice.length;
  const result = await autocannon.runSlice(
    { address: deployment.entry, connections, warmupMs, durationMs, timeoutMs },
    async () => {
      edges.push(await readClocks(session));
    },
  );
  if (session.hooks.signal.aborted) return;
  const end = await readEdge(session, [slice.variant], 'before');
  const [warmup, first, last] = [start, ...edges].map(clocksAt);
  const { message: _message, cpuNs, eventLoopUtilisation: _loop, gcCycles, failed, ...measured } = result;
  keepSlice(session, {
    ...placeOf(session, seq, slice),
    ...measured,
    driver: 'autocannon',
    model: 'closed',
    offeredRatePerSecond: null,
    sendLatency: null,
    sendLag: null,
    beyondResidence: null,
    cpu: deployment.processes.flatMap(({ role, pid }) => {
      const [warmupStartNs, startNs, endNs] = [warmup?.get(pid), first?.get(pid), last?.get(pid)];
      return warmupStartNs === undefined || startNs === undefined || endNs === undefined
        ? []
        : [{ role, pid, warmupStartNs, startNs, endNs }];
    }),
    generator: { cpuNs, gcCycles, connectionWaits: 0 },
    status: failed === null ? { state: 'measured' } : { state: 'failed', reason: failed },
    validity: { status: 'valid', reasons: [] },
  });
  const sent = result.requests + result.warmupRequests;
  session.sink.append(
    windowOf(session, slice.variant, slice.track === 'long' ? 'long' : 'cross-check', seq, sent, start, end),
  );
}
