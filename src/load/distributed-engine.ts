/** One slice engine of many that load the same target at the same time: connections and schedule shared out, one start, one result. */
import type { PodAgent } from '../host/index.js';
import { type ClockComparison, compareClock } from './clock-comparison.js';
import type { EngineSlice } from './engine-events.js';
import type { ClockedEngine, EngineSliceOrder, EngineTarget, LoadgenEngine } from './loadgen.js';
import { lossOf } from './lost-engine.js';
import { agentName, mergedSlice, type Part } from './merge-parts.js';
import { mergedReading } from './pod-engine.js';

/** An engine among others, and where it is. */
export interface DistributedAgent {
  readonly pod: string;
  readonly node: string;
  readonly engine: ClockedEngine;
  /** The agent that reads the clocks of its own pod's processes. */
  readonly own: PodAgent;
}

/** Questions about its clock when an engine is given its target, and again before each slice. */
const FIRST_QUESTIONS = 12;
const LATER_QUESTIONS = 2;
/** What engines are given beyond the time that their orders take on the way. */
const START_MARGIN_MICROS = 30_000;
const UNKNOWN_CLOCK = { offsetMicros: 0, uncertaintyMicros: 0 };

interface Seat extends DistributedAgent {
  readonly place: Part['agent'];
  clock: ClockComparison | null;
  /** Why it is lost; null while it is not. */
  lost: string | null;
}

/**
 * The engines as one, for one target at a time. A slice begins for all at one moment, told to each by its own clock. What is
 * to be sent is shared out so that the parts are exactly the whole. `nowMicros` is the harness's clock, in Unix µs. An engine that is lost fails the
 * slice and every later one, by name.
 */
export function distributedEngine(
  agents: readonly DistributedAgent[],
  nowMicros: () => number,
): LoadgenEngine {
  const [first] = agents;
  if (first === undefined) throw new RangeError('there is no agent');
  const seats = agents.map((agent, place): Seat => {
    const { pod, node } = agent;
    return { ...agent, place: { agent: place, pod, node }, clock: null, lost: null };
  });
  let stopped = false;

  /** Does it for every engine that is not lost; one that is lost by it is marked. */
  const withEach = async <Result>(doing: (seat: Seat) => Promise<Result>): Promise<(Result | null)[]> => {
    const settled = await Promise.allSettled(
      seats.map((seat) => (seat.lost === null ? doing(seat) : Promise.resolve(null))),
    );
    return settled.map((one, place) => {
      if (one.status === 'fulfilled') return one.value;
      const seat = seats[place];
      if (seat !== undefined) seat.lost = lossOf(one.reason);
      return null;
    });
  };
  const compareClocks = (questions: number) =>
    withEach(async (seat) => {
      seat.clock = await compareClock(seat.engine, questions, seat.clock, nowMicros);
    });

  const runOne = async (order: EngineSliceOrder): Promise<EngineSlice | null> => {
    await compareClocks(LATER_QUESTIONS);
    const roundTrips = seats.map(({ clock }) => clock?.roundTripMicros ?? 0);
    const startMicros = nowMicros() + START_MARGIN_MICROS + 2 * Math.max(...roundTrips);
    // A load that lacks one is not the one that was asked for: the others are not made to send it.
    const whole = seats.every(({ lost }) => lost === null);
    const told = whole
      ? await withEach(async (seat) => {
          const own = shareOf(order, seat.place.agent, seats.length);
          const startAtMicros = Math.round(startMicros + (seat.clock?.offsetMicros ?? 0));
          const seen: EngineSlice[] = [];
          await seat.engine.runSlices([{ ...own, startAtMicros }], (slice) => seen.push(slice));
          return seen[0] ?? null;
        })
      : [];
    // An engine that ends a slice without a word of it has lost it.
    if (whole && !stopped) {
      seats.forEach((seat, place) => {
        if ((told[place] ?? null) === null) seat.lost ??= 'it told nothing';
      });
    }
    const parts = seats.map(({ place: agent, lost, clock }, place): Part => {
      return { agent, slice: told[place] ?? null, lost, clock: clock ?? UNKNOWN_CLOCK };
    });
    // Engines that were stopped before they had begun tell nothing, and are not lost.
    if (stopped && parts.some(({ slice, lost }) => slice === null && lost === null)) return null;
    return mergedSlice(order, parts);
  };

  return {
    ready: first.engine.ready,
    setTargets: async ([target]) => {
      if (target === undefined) return {};
      const own = seats.map(({ own: agent }) => agent.pidBase);
      const behind = (target.agents ?? []).filter(({ pidBase }) => !own.includes(pidBase));
      const failed = await withEach(async ({ engine, place, own: agent }) => {
        const part = partOf(target, place.agent, seats.length);
        // What stands behind all of them is read by the first alone.
        const faults = await engine.setTargets([
          { ...part, agents: [agent, ...(place.agent === 0 ? behind : [])] },
        ]);
        return faults[target.id] ?? null;
      });
      await compareClocks(FIRST_QUESTIONS);
      for (const { place, lost } of seats) {
        const why = lost ?? failed[place.agent] ?? null;
        if (why !== null) return { [target.id]: `${agentName(place)}: ${why}` };
      }
      return {};
    },
    runSlices: async (orders, onSlice) => {
      stopped = false;
      for (const order of orders) {
        if (stopped) return;
        const slice = await runOne(order);
        if (slice !== null) onSlice(slice);
      }
    },
    read: async () =>
      mergedReading((await withEach(({ engine }) => engine.read())).flatMap((one) => one ?? [])),
    stop: () => {
      stopped = true;
      for (const { engine } of seats) engine.stop();
    },
    close: async () => {
      await Promise.all(seats.map(({ engine }) => engine.close()));
    },
  };
}

/** The part of a whole number that the one at `place` of `of` has; all parts add up to it. */
function partOfNumber(whole: number, place: number, of: number): number {
  return Math.floor((whole * (place + 1)) / of) - Math.floor((whole * place) / of);
}

function partOf(target: EngineTarget, place: number, of: number): EngineTarget {
  return { ...target, connections: partOfNumber(target.connections, place, of) };
}

/** One engine's part of a slice. The schedule of an open one is worked out by all, and each keeps its own of it. */
function shareOf(order: EngineSliceOrder, place: number, of: number): EngineSliceOrder {
  const share = { place, of };
  return 'requests' in order
    ? {
        ...order,
        share,
        requests: partOfNumber(order.requests, place, of),
        warmupRequests: partOfNumber(order.warmupRequests, place, of),
      }
    : { ...order, share };
}
