/** From what a driver saw to a line of the record, and the generator's audit of itself. */
import type { Deployment } from '../cluster/index.js';
import type { EngineSlice } from '../load/index.js';
import type { PlannedSlice } from '../plan/index.js';
import { decodeHistogram, quantileNs, type SliceRecord, type Validity } from '../record/index.js';
import type { Session } from './session.js';

/** A schedule half of whose requests left later than this is no schedule any more. */
const MEDIAN_LAG_LIMIT_NS = 5e6;
/** Share of a slice's time over which the measured part may overrun before the rate was evidently not held. */
const OVERRUN_LIMIT = 0.1;
/** Share of the requests due that k6 may leave out, or be behind by, before its rate was evidently not held. */
const DROPPED_LIMIT = 0.01;
const SHORTFALL_LIMIT = 0.05;
/** Share of its core's time above which the generator has no room left to hold a schedule. */
const GENERATOR_CPU_LIMIT = 0.95;

/** The fields of a slice that say where in the plan it belongs. */
export function placeOf(
  session: Session,
  seq: number,
  slice: PlannedSlice,
): Pick<SliceRecord, 'type' | 'seq' | 'round' | 'block' | 'position' | 'track' | 'variant' | 'replica'> {
  return {
    type: 'slice',
    seq,
    round: session.round,
    block: slice.block,
    position: slice.position,
    track: slice.track,
    variant: slice.variant,
    replica: session.replica,
  };
}

/** The record line of a slice that loadgen ran. */
export function loadgenSlice(
  session: Session,
  slice: PlannedSlice,
  seen: EngineSlice,
  model: 'open' | 'closed',
): SliceRecord {
  const {
    event: _event,
    target: _target,
    sentAtNs: _sentAtNs,
    lateMicros: _lateMicros,
    doubts = [],
    failed,
    ...measured
  } = seen;
  const held: Validity = model === 'open' ? auditOpenSlice(seen, slice) : { status: 'valid', reasons: [] };
  return {
    ...measured,
    ...placeOf(session, seen.seq, slice),
    driver: 'loadgen',
    model,
    status: failed === null ? { state: 'measured' } : { state: 'failed', reason: failed },
    validity:
      failed === null
        ? doubted(withClocksMissing(held, seen, session.standing.get(slice.variant)), doubts)
        : held,
  };
}

/** CPU of the generator, in ns; of several that of the busiest, which has the least room. */
export function busiestGeneratorNs({ agents, generator }: Pick<EngineSlice, 'agents' | 'generator'>): number {
  return Math.max(...(agents?.map(({ cpuNs }) => cpuNs) ?? [generator.cpuNs]));
}

/** What further reasons cast doubt on. */
function doubted({ status, reasons }: Validity, further: readonly string[]): Validity {
  if (further.length === 0) return { status, reasons };
  return { status: status === 'invalid' ? 'invalid' : 'suspect', reasons: [...reasons, ...further] };
}

/** An agent that did not answer at an edge leaves its processes' clocks out, which is no reason to take the rest for their CPU. */
export function withClocksMissing(
  { status, reasons }: Validity,
  { cpu }: Pick<EngineSlice, 'cpu'>,
  deployment: Pick<Deployment, 'agents' | 'processes'> | undefined,
): Validity {
  if (deployment?.agents === undefined) return { status, reasons };
  const missing = deployment.processes.filter(({ pid }) => !cpu.some((one) => one.pid === pid));
  if (missing.length === 0) return { status, reasons };
  const roles = missing.map(({ role }) => role).join(' and ');
  return doubted({ status, reasons }, [`the CPU clock of ${roles} could not be read at its edges`]);
}

/**
 * Whether an open-loop slice held its schedule. It did not when the median request left more than 5 ms late, when the
 * measured part took 10 % longer than planned, or when the generator used up its core.
 */
export function auditOpenSlice(
  seen: Pick<
    EngineSlice,
    | 'startedAtMicros'
    | 'endedAtMicros'
    | 'requests'
    | 'sendLag'
    | 'generator'
    | 'offeredRatePerSecond'
    | 'errors'
    | 'agents'
  >,
  slice: Pick<PlannedSlice, 'length'>,
): Validity {
  const reasons: string[] = [];
  const wallMicros = seen.endedAtMicros - seen.startedAtMicros;
  const offered = Math.round(seen.offeredRatePerSecond ?? 0);
  const full = seen.generator.connectionWaits > seen.requests / 2;
  const why = full ? 'every connection was busy' : 'the generator could not keep up';
  if (seen.sendLag !== null && seen.requests > 0) {
    const medianLagNs = quantileNs(decodeHistogram(seen.sendLag), 0.5);
    if (medianLagNs > MEDIAN_LAG_LIMIT_NS) {
      reasons.push(
        `${offered} requests/s was not held: half of them left more than ${(medianLagNs / 1e6).toFixed(0)} ms late (${why})`,
      );
    }
  }
  if (reasons.length === 0 && slice.length.type === 'duration' && seen.errors.timeout === 0) {
    const overrun = wallMicros / 1000 / slice.length.durationMs - 1;
    const tailMs = wallMicros / 1000 - slice.length.durationMs;
    if (overrun > OVERRUN_LIMIT && tailMs > 500) {
      reasons.push(
        `${offered} requests/s was not held: the slice took ${(overrun * 100).toFixed(0)} % longer than planned (${why})`,
      );
    }
  }
  const generatorShare = wallMicros > 0 ? busiestGeneratorNs(seen) / 1000 / wallMicros : 0;
  if (generatorShare > GENERATOR_CPU_LIMIT) {
    reasons.push(`the generator was saturated: it used ${(generatorShare * 100).toFixed(0)} % of a core`);
  }
  return { status: reasons.length === 0 ? 'valid' : 'invalid', reasons };
}

/**
 * Whether a slice of k6's held its schedule, as far as k6 can tell, which does not know how late a request left: it did
 * not when more than 1 % of what was due was never sent, when 5 % fewer requests came back than were due, or when k6 used
 * up its cores. A closed loop has no schedule.
 */
export function auditK6Slice(
  seen: Pick<SliceRecord, 'startedAtMicros' | 'endedAtMicros' | 'requests' | 'generator'>,
  asked: { readonly ratePerSecond: number | null; readonly cores: number; readonly ownScript: boolean },
): Validity {
  const wallSeconds = (seen.endedAtMicros - seen.startedAtMicros) / 1e6;
  if (asked.ratePerSecond === null || wallSeconds <= 0) return { status: 'valid', reasons: [] };
  const offered = Math.round(asked.ratePerSecond);
  const dropped = seen.generator.dropped ?? 0;
  const due = asked.ratePerSecond * wallSeconds;
  const reasons: string[] = [];
  if (dropped > DROPPED_LIMIT * due) {
    reasons.push(
      `${offered} requests/s was not held: ${dropped} of ${Math.round(due)} due were never sent (every connection was busy)`,
    );
  } else if (!asked.ownScript && seen.requests + dropped < (1 - SHORTFALL_LIMIT) * due - 1) {
    reasons.push(
      `${offered} requests/s was not held: ${seen.requests} came back of ${Math.round(due)} due (k6 could not keep up)`,
    );
  }
  const share = seen.generator.cpuNs / 1e9 / wallSeconds / Math.max(1, asked.cores);
  if (share > GENERATOR_CPU_LIMIT) {
    reasons.push(`the generator was saturated: it used ${(share * 100).toFixed(0)} % of its cores`);
  }
  return { status: reasons.length === 0 ? 'valid' : 'invalid', reasons };
}
