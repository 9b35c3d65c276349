/** Checks of the harness by itself that need nothing but the record. Each returns a sentence for every fault found. */
import { quantileNs, type SliceRecord, sumHistograms, type WindowRecord } from '../record/index.js';
import { type Evidence, processPairs } from './evidence.js';

type EvidenceByVariant = ReadonlyMap<string, Evidence>;

/** NTP slews a clock by at most 500 ppm (RFC 5905), 0.3 s in ten minutes; what moves it faster sets it. */
const SLEW_SHARE = 500e-6;
/** The two clocks are read one after the other, on a thread that may be preempted between them. */
const READ_SLACK_MICROS = 50_000;
/** Share of the requests sent that the service must have seen; as for a witness that is claimed. */
const SEEN_SHARE = 0.99;

/**
 * An answer that arrives at a loop so busy waits for it, by M/D/1, ρ/2(1−ρ) = 4.5 times what an answer costs the
 * generator; above it a closed loop measures its client more than what it was pointed at.
 */
const BUSY_LOOP = 0.9;
/** Rule 7 of measurement, for a loop: what it adds to a latency may be a fifth of it at most. */
const LOOP_DELAY_SHARE = 0.2;

function windowsOf(one: Evidence): WindowRecord[] {
  return [...one.windows.micro, ...one.windows.long];
}

/** Processes that say of themselves that they were built with the race detector or without optimisation. */
export function buildReasons(evidence: EvidenceByVariant): string[] {
  return [...evidence.values()].flatMap((one) => {
    const processes = windowsOf(one).flatMap(({ end }) => end.processes);
    const marked = (mark: string) => [
      ...new Set(processes.filter(({ witness }) => (witness?.[mark] ?? 0) > 0).map(({ role }) => role)),
    ];
    const say = (roles: readonly string[], how: string) =>
      roles.length === 0 ? [] : [`${roles.join(', ')} of ${one.variant.id}: built ${how}, which nobody runs`];
    return [
      ...say(marked('builtWithRace'), 'with the race detector'),
      ...say(marked('builtUnoptimised'), 'without optimisation'),
    ];
  });
}

/** Variants whose service saw fewer requests than were sent: something before it answered in its place. */
export function upstreamReasons(evidence: EvidenceByVariant): string[] {
  return [...evidence.values()].flatMap((one) => {
    let seen = 0;
    let sent = 0;
    for (const window of windowsOf(one)) {
      for (const { start, end } of processPairs(window, ['service']) ?? []) {
        const [before, after] = [start.witness?.requests, end.witness?.requests];
        if (before === undefined || after === undefined) continue;
        seen += after - before;
        sent += window.requests;
      }
    }
    const failed = one.slices.reduce(
      (sum, { errors }) => sum + errors.connect + errors.reset + errors.timeout,
      0,
    );
    return sent > 0 && seen + failed < SEEN_SHARE * sent
      ? [
          `the service behind ${one.variant.id} saw ${seen} of the ${sent} requests sent: something else answered the others`,
        ]
      : [];
  });
}

/** In open load, a driver that times requests from their sending leaves out how long they waited to be sent. */
export function intendedTimeReasons(evidence: EvidenceByVariant, open: boolean): string[] {
  const slices = [...evidence.values()].flatMap((one) => one.slices.filter(({ track }) => track === 'long'));
  const bySend = slices.filter(({ timedFrom }) => timedFrom === 'send');
  const [first] = bySend;
  if (!open || first === undefined) return [];
  const dropped = bySend.reduce((sum, { generator }) => sum + (generator.dropped ?? 0), 0);
  return [
    `${first.driver} times requests from when they were sent, not from when they were due: how long they waited for a stalled variant is not in its latencies (${dropped} that were due were never sent)`,
  ];
}

/** Attempts to connect for which the machine had no free port: their errors are the harness's, not the variant's. */
export function portReasons(evidence: EvidenceByVariant): string[] {
  return [...evidence.values()].flatMap(({ variant, slices }) => {
    const times = slices.reduce((sum, { generator }) => sum + (generator.portsExhausted ?? 0), 0);
    return times === 0
      ? []
      : [`${times} connections to ${variant.id} found no free local port: those errors are this machine’s`];
  });
}

/** Variants whose CPU clocks cannot be believed, and which therefore have no CPU figures. */
export function cpuClockReasons(evidence: EvidenceByVariant): string[] {
  return [...evidence.values()].flatMap(({ variant, cpuFault }) =>
    cpuFault === null ? [] : [`${cpuFault} (${variant.id}): its CPU is not told`],
  );
}

/** The machine's clock against the one that never steps, over all windows. */
export function clockReasons(evidence: EvidenceByVariant): string[] {
  const readings = [...evidence.values()]
    .flatMap((one) => [...one.idle, ...windowsOf(one)])
    .flatMap(({ start, end }) => [start, end])
    .flatMap(({ atMicros, wallMicros }) =>
      wallMicros === undefined ? [] : [{ atMicros, aheadMicros: wallMicros - atMicros }],
    )
    .sort((a, b) => a.atMicros - b.atMicros);
  const steps = readings.flatMap((reading, index) => {
    const before = readings[index - 1];
    if (before === undefined) return [];
    const moved = reading.aheadMicros - before.aheadMicros;
    const granted = READ_SLACK_MICROS + SLEW_SHARE * (reading.atMicros - before.atMicros);
    return Math.abs(moved) > granted ? [moved] : [];
  });
  const [first] = steps;
  if (first === undefined) return [];
  const direction = first > 0 ? 'forward' : 'back';
  const seconds = Number((Math.abs(first) / 1e6).toPrecision(3));
  return [
    `the machine’s clock was set ${direction} by ${seconds} s during the run${steps.length > 1 ? ` (and ${steps.length - 1} times more)` : ''}: times of day before and after do not compare; durations are by a clock that is never set`,
  ];
}

/**
 * Variants in whose long slices an event loop of the generator was the bottleneck, or too late to time them by.
 * Cross-checks decide nothing, so that they cast no doubt here either; the report shows their loops.
 */
export function eventLoopReasons(evidence: EvidenceByVariant): string[] {
  return [...evidence.values()].flatMap(({ variant, usable }) => {
    const slices = usable.long.filter(({ generator }) => (generator.eventLoops ?? []).length > 0);
    const loops = slices.flatMap(({ generator }) => generator.eventLoops ?? []);
    if (loops.length === 0) return [];
    const busiest = Math.max(...loops.map(({ utilisation }) => utilisation));
    const delayNs = Math.max(...loops.map(({ delayP99Ns }) => delayP99Ns ?? 0));
    const latencyNs = p99Of(slices);
    return [
      ...(busiest > BUSY_LOOP
        ? [
            `an event loop of the generator was ${percent(busiest)} busy with ${variant.id}, above ${percent(BUSY_LOOP)}: its throughput and latency may be the generator’s own; raise \`load.processes\`, if there are cores for them`,
          ]
        : []),
      ...(latencyNs !== null && delayNs > LOOP_DELAY_SHARE * latencyNs
        ? [
            `an event loop of the generator was up to ${millis(delayNs)} late (p99) with ${variant.id}, more than a fifth of the p99 latency of ${millis(latencyNs)} measured by it`,
          ]
        : []),
    ];
  });
}

/** Null where no slice has a latency. */
function p99Of(slices: readonly SliceRecord[]): number | null {
  const merged = sumHistograms(slices.flatMap(({ latency }) => latency ?? []));
  return merged.total === 0 ? null : quantileNs(merged, 0.99);
}

function millis(ns: number): string {
  return `${Number((ns / 1e6).toPrecision(3))} ms`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
