/** Running blocks: one slice of every living variant, next to each other in time. */
import type { EngineSliceOrder } from '../load/index.js';
import { loadOf, type PlannedSlice, planBlock } from '../plan/index.js';
import type { SliceRecord, Track } from '../record/index.js';
import { runAutocannonSlice, runK6Slice } from './driver-slices.js';
import { failVariant, livingVariants, type Session } from './session.js';
import { loadgenSlice } from './slice-record.js';
import { type Edge, readEdge, windowOf } from './windows.js';

/** The slices of the next block that can still be run, in the plan's random order. */
function nextBlock(session: Session, track: Track): PlannedSlice[] {
  const slices = planBlock(session.plan, session.nextBlock, track);
  session.nextBlock += 1;
  return slices.filter((slice) => !session.failures.has(slice.variant));
}

/**
 * Keeps a slice, and takes its variant out of the run when it could not serve it. One in which a process of the variant's
 * died is no measurement either, though what was left of the variant went on to answer, with errors.
 */
function keepSlice(session: Session, seen: SliceRecord): void {
  const death = session.standing.get(seen.variant)?.deathReason() ?? null;
  const slice: SliceRecord =
    death === null || seen.status.state === 'failed'
      ? seen
      : { ...seen, status: { state: 'failed', reason: death } };
  session.sink.append(slice);
  session.hooks.onProgress({ type: 'slice', slice });
  if (slice.status.state !== 'failed') return;
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
    const { driver } = loadOf(session.plan, slice.variant);
    if (driver === 'loadgen') await runWindowedLoadgenSlice(session, slice);
    else await runDriverSlice(session, slice, driver);
  }
}

/** One block by the second driver, whose figures are shown beside and never decide. */
export async function runCrossCheckBlock(session: Session): Promise<void> {
  const { crossCheck } = session.plan.schedule;
  if (crossCheck === null || (session.round + 1) % crossCheck.everyRounds !== 0) return;
  for (const slice of nextBlock(session, 'cross-check')) {
    if (session.hooks.signal.aborted) return;
    await runDriverSlice(session, slice, crossCheck.driver);
  }
}

/** A slice by a driver of others. */
async function runDriverSlice(
  session: Session,
  slice: PlannedSlice,
  driver: 'autocannon' | 'k6',
): Promise<void> {
  const { autocannon, k6 } = session.ports;
  if (slice.length.type !== 'duration') return;
  const { length } = slice;
  const measured =
    driver === 'k6'
      ? k6 && (await runK6Slice(session, { ...slice, length }, k6))
      : autocannon && (await runAutocannonSlice(session, { ...slice, length }, autocannon));
  if (measured === null) return;
  keepSlice(session, measured.slice);
  session.sink.append(measured.window);
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
  const sent = only.requests + only.warmupRequests + (only.slow?.sent ?? 0);
  session.sink.append(
    windowOf(session, only.variant, only.track === 'micro' ? 'micro' : 'long', only.seq, sent, start, end),
  );
}

/** What the engine is told of a slice: its length, and in an open loop the scenario's schedule. */
export function orderOf(
  session: Session,
  seq: number,
  slice: Pick<PlannedSlice, 'variant' | 'length' | 'arrivalSeed'>,
): EngineSliceOrder {
  const place = { seq, target: slice.variant };
  if (slice.length.type === 'requests') {
    const { requests, warmupRequests } = slice.length;
    return { ...place, model: 'closed', requests, warmupRequests, seed: slice.arrivalSeed };
  }
  const { durationMs, warmupMs } = slice.length;
  const load = loadOf(session.plan, slice.variant);
  if (load.driver === 'loadgen' && load.model === 'open') {
    const { ratePerSecond, arrivals } = load;
    const burst = load.arrivals === 'bursts' ? { burst: load.burst } : {};
    const from = load.arrivals === 'ramp' ? { fromRatePerSecond: load.fromRatePerSecond } : {};
    return {
      ...place,
      model: 'open',
      ratePerSecond,
      arrivals,
      ...burst,
      ...from,
      seed: slice.arrivalSeed,
      durationMs,
      warmupMs,
    };
  }
  const think = load.driver === 'loadgen' && load.thinkMs > 0 ? { thinkMs: load.thinkMs } : {};
  return { ...place, model: 'closed', durationMs, warmupMs, seed: slice.arrivalSeed, ...think };
}
