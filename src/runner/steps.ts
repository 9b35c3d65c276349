/** Rounds of a sweep or a search: seconds of open loop at one rate after another. */
import type { EngineSlice } from '../load/index.js';
import { type PlannedStep, planSteps } from '../plan/index.js';
import type { StepRecord } from '../record/index.js';
import { deploymentOf, failVariant, livingVariants, type Session } from './session.js';
import { busiestGeneratorNs } from './slice-record.js';
import { readEdge, windowOf } from './windows.js';

/**
 * Measures the rates that the sweep has, or that the search asks of each variant. False when nothing is left to ask,
 * which only a search can find.
 */
export async function runStepRound(session: Session): Promise<boolean> {
  const planned = planSteps(session.plan, session.round, ratesOf(session));
  for (const step of planned) {
    if (session.hooks.signal.aborted) return true;
    if (!session.failures.has(step.variant)) await runStep(session, step);
  }
  return planned.length > 0;
}

function ratesOf(session: Session): ReadonlyMap<string, readonly number[]> {
  const { steps } = session.plan.analysis;
  return new Map(
    livingVariants(session).map(({ id }) => {
      if (steps?.type === 'sweep') return [id, steps.ratesPerSecond];
      const next = session.hooks.nextRate?.(id) ?? null;
      return [id, next === null ? [] : [next]];
    }),
  );
}

async function runStep(session: Session, step: PlannedStep): Promise<void> {
  const { load, schedule } = session.plan;
  const length = schedule.steps;
  if (length == null || load.driver !== 'loadgen' || load.model !== 'open') return;
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const start = await readEdge(session, [step.variant], 'after');
  const seen: EngineSlice[] = [];
  // A step has one rate; a ramp would have all of them.
  const arrivals = load.arrivals === 'ramp' ? 'constant' : load.arrivals;
  await session.ports.engine.runSlices(
    [
      {
        seq,
        target: step.variant,
        model: 'open',
        ratePerSecond: step.ratePerSecond,
        arrivals,
        ...(load.arrivals === 'bursts' ? { burst: load.burst } : {}),
        seed: step.arrivalSeed,
        durationMs: length.durationMs,
        warmupMs: length.warmupMs,
      },
    ],
    (slice) => seen.push(slice),
  );
  const [slice] = seen;
  if (slice === undefined || session.hooks.signal.aborted) return;
  const end = await readEdge(session, [step.variant], 'before');
  const { processes } = deploymentOf(session, step.variant);
  const roles = session.ports.cluster.dataPlaneRoles(variantOf(session, step.variant));
  const resident = end.inner.processes
    .filter(({ target, role }) => target === step.variant && roles.includes(role))
    .map(({ rssBytes }) => rssBytes);
  const record = stepRecordOf(session, step, slice, sumOrNull(resident));
  session.sink.append(record);
  session.hooks.onProgress({ type: 'step', step: record });
  // Where requests were given up, the service may not have seen them yet: such a window proves nothing about either.
  const { connect, reset, timeout } = slice.errors;
  if (processes.length > 0 && connect + reset + timeout === 0) {
    const sent = slice.requests + slice.warmupRequests;
    session.sink.append(windowOf(session, step.variant, 'long', null, sent, start, end));
  }
  if (slice.failed === null) return;
  const death = session.standing.get(step.variant)?.deathReason() ?? null;
  failVariant(session, step.variant, death ?? `stopped answering: ${slice.failed}`);
}

function variantOf(session: Session, id: string) {
  const variant = session.plan.variants.find((one) => one.id === id);
  if (variant === undefined) throw new RangeError(`the plan has no ${id}`);
  return variant;
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}

function stepRecordOf(
  session: Session,
  step: PlannedStep,
  slice: EngineSlice,
  residentBytes: number | null,
): StepRecord {
  const { seq, startedAtMicros, endedAtMicros, requests, warmupRequests, errors, latency, sendLag, cpu } =
    slice;
  const { connectionWaits } = slice.generator;
  const cpuNs = busiestGeneratorNs(slice);
  return {
    type: 'step',
    seq,
    round: session.round,
    replica: session.replica,
    variant: step.variant,
    offeredRatePerSecond: step.ratePerSecond,
    startedAtMicros,
    endedAtMicros,
    requests,
    warmupRequests,
    errors,
    latency,
    sendLag,
    cpu,
    residentBytes,
    generator: { cpuNs, connectionWaits },
    failed: slice.failed,
  };
}
