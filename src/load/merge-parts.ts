/** One slice of the parts that several engines made of it: counts added, histograms merged without loss, who is missing named. */
import { type LoadAgent, mergeEncodedHistograms } from '../record/index.js';
import type { EngineSlice } from './engine-events.js';
import type { EngineSliceOrder } from './loadgen.js';
import { lostSlice } from './lost-engine.js';

/** One engine's part, or why there is none. */
export interface Part {
  readonly agent: Pick<LoadAgent, 'agent' | 'pod' | 'node'>;
  /** Null where it is lost, and where it was asked for none since another was. */
  readonly slice: EngineSlice | null;
  readonly lost: string | null;
  /** Of its clock against the harness's: how much later it is, and by how much that may be wrong. */
  readonly clock: { readonly offsetMicros: number; readonly uncertaintyMicros: number };
}

/** Clocks are known well enough to begin together by when they are known within this; the shortest warm-ups are longer. */
export const CLOCK_LIMIT_MICROS = 50_000;
/** A part that begins later than this after the common start lacks the load of the others, and they its. */
const LATE_LIMIT_MICROS = 5000;

/**
 * All parts as one slice, in the first one's time of day. Where one is lost or failed the slice failed too, whatever the
 * others measured: a load that was not whole is none that was asked for. Without any part nothing was measured.
 */
export function mergedSlice(order: EngineSliceOrder, parts: readonly Part[]): EngineSlice {
  const answered = parts.flatMap(({ slice, clock }) => (slice === null ? [] : [{ slice, clock }]));
  const agents = parts.map((part) => agentOf(part, order));
  const failed = failureOf(parts);
  const [first] = answered;
  if (first === undefined) return { ...lostSlice(order, failed ?? 'no agent took part'), agents };
  const slices = answered.map(({ slice }) => slice);
  const sum = (of: (slice: EngineSlice) => number) => slices.reduce((all, slice) => all + of(slice), 0);
  // Sums of what all tell: beside one that does not, a figure of the others would look whole.
  const merged = (of: (slice: EngineSlice) => string | null): string | null => {
    const encodings = slices.flatMap((slice) => of(slice) ?? []);
    return encodings.length < slices.length ? null : mergeEncodedHistograms(encodings);
  };
  const inFirstsTime = (micros: number, { offsetMicros }: Part['clock']) =>
    Math.round(micros - offsetMicros + first.clock.offsetMicros);
  const doubts = agents.flatMap(doubtsOf);
  return {
    event: 'slice',
    seq: order.seq,
    target: order.target,
    startedAtMicros: Math.min(
      ...answered.map(({ slice, clock }) => inFirstsTime(slice.startedAtMicros, clock)),
    ),
    endedAtMicros: Math.max(...answered.map(({ slice, clock }) => inFirstsTime(slice.endedAtMicros, clock))),
    warmupRequests: sum(({ warmupRequests }) => warmupRequests),
    requests: sum(({ requests }) => requests),
    errors: addedErrors(slices.map(({ errors }) => errors)),
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    offeredRatePerSecond: offeredBy(order),
    latency: merged(({ latency }) => latency),
    sendLatency: merged(({ sendLatency }) => sendLatency),
    sendLag: merged(({ sendLag }) => sendLag),
    beyondResidence: merged(({ beyondResidence }) => beyondResidence),
    cpu: slices.flatMap(({ cpu }) => cpu),
    generator: {
      cpuNs: sum(({ generator }) => generator.cpuNs),
      gcCycles: sum(({ generator }) => generator.gcCycles),
      connectionWaits: sum(({ generator }) => generator.connectionWaits),
      portsExhausted: sum(({ generator }) => generator.portsExhausted ?? 0),
    },
    failed,
    agents,
    ...(doubts.length === 0 ? {} : { doubts }),
  };
}

function offeredBy(order: EngineSliceOrder): number | null {
  if (order.model !== 'open') return null;
  const { ratePerSecond, fromRatePerSecond = ratePerSecond } = order;
  return (fromRatePerSecond + ratePerSecond) / 2;
}

function agentOf({ agent, slice, lost, clock }: Part, order: EngineSliceOrder): LoadAgent {
  const timed = !('requests' in order);
  return {
    ...agent,
    lost,
    requests: slice?.requests ?? 0,
    errors: slice?.errors ?? addedErrors([]),
    // Slices of a number of requests do not judge latency, and there are many of them.
    latency: timed ? (slice?.latency ?? null) : null,
    sendLag: timed ? (slice?.sendLag ?? null) : null,
    cpuNs: slice?.generator.cpuNs ?? 0,
    lateMicros: slice?.lateMicros ?? null,
    clockUncertaintyMicros: clock.uncertaintyMicros,
  };
}

function addedErrors(all: readonly EngineSlice['errors'][]): EngineSlice['errors'] {
  const sums = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };
  for (const errors of all) {
    for (const cause of ['connect', 'reset', 'timeout', 'status', 'protocol'] as const)
      sums[cause] += errors[cause];
  }
  return sums;
}

/** In which words an agent is told of; people count from 1. */
export function agentName({ agent, node }: Pick<LoadAgent, 'agent' | 'node'>): string {
  return `load agent ${agent + 1} on ${node}`;
}

function failureOf(parts: readonly Part[]): string | null {
  const lost = parts.flatMap(({ agent, lost: why }) =>
    why === null ? [] : [`${agentName(agent)} was lost (${why})`],
  );
  if (lost.length > 0) {
    const answered = parts.filter(({ slice }) => slice !== null).length;
    const rest =
      answered === 0 ? 'nothing was measured without it' : `${answered} of ${parts.length} agents answered`;
    return [...lost, rest].join('; ');
  }
  const failed = parts.filter(({ slice }) => slice?.failed != null);
  // One that was stopped, as all are at once, has no failure of its own.
  const [worst] = [...failed.filter(({ slice }) => slice?.failed !== 'stopped'), ...failed];
  if (worst?.slice?.failed == null) return null;
  return worst.slice.failed === 'stopped' ? 'stopped' : `${agentName(worst.agent)}: ${worst.slice.failed}`;
}

function doubtsOf(agent: LoadAgent): string[] {
  const { lost, lateMicros, clockUncertaintyMicros } = agent;
  if (lost !== null) return [];
  const ms = (micros: number) => (micros / 1000).toFixed(0);
  return [
    ...(clockUncertaintyMicros > CLOCK_LIMIT_MICROS
      ? [
          `the clock of ${agentName(agent)} is only known within ${ms(clockUncertaintyMicros)} ms, so that it may not have begun with the others`,
        ]
      : []),
    ...((lateMicros ?? 0) > LATE_LIMIT_MICROS
      ? [`${agentName(agent)} began ${ms(lateMicros ?? 0)} ms after the others`]
      : []),
  ];
}
