import { describe, expect, it } from 'vitest';
import { EnvironmentFault } from '../host/index.js';
import { createLatencyRecorder } from '../record/index.js';
import { type DistributedAgent, distributedEngine } from './distributed-engine.js';
import type { EngineSlice } from './engine-events.js';
import type { ClockedEngine, EngineSliceOrder, EngineTarget } from './loadgen.js';

const TARGET: EngineTarget = {
  id: 'plain',
  address: '10.0.0.1:1',
  connections: 10,
  timeoutMs: 1000,
  protocol: 'http1',
  connectionPerRequest: false,
  idleConnections: 0,
  processes: [],
  agents: [0, 1, 2, 3, 4].map((place) => ({ address: `${place}`, pidBase: place * 1000, machine: 0 })),
};

const OPEN: EngineSliceOrder = {
  seq: 3,
  target: 'plain',
  model: 'open',
  ratePerSecond: 2000,
  arrivals: 'poisson',
  seed: 7,
  durationMs: 1000,
  warmupMs: 100,
};

const COUNTED: EngineSliceOrder = {
  seq: 4,
  target: 'plain',
  model: 'closed',
  requests: 303,
  warmupRequests: 101,
};

const LOST = new EnvironmentFault('DRIVER_EXITED', 'loadgen ended: pod p: generator ended: exit code 137');

/** What a run of an agent is to be like. */
interface Behaviour {
  /** By how much its clock is later. */
  readonly offsetMicros?: number;
  /** How long its clock takes to be asked, by the harness's. */
  readonly roundTripMicros?: number;
  readonly lateMicros?: number;
  readonly latenciesNs?: readonly number[];
  readonly failed?: string | null;
  readonly lost?: boolean;
}

/** Agents on a clock that only questions move; `orders` and `targets` are what they were told. */
function simulated(behaviours: readonly Behaviour[]) {
  let now = 1e15;
  const orders: EngineSliceOrder[][] = behaviours.map(() => []);
  const targets: EngineTarget[] = [];
  const recorder = createLatencyRecorder();
  const agents = behaviours.map((behaviour, place): DistributedAgent => {
    const { offsetMicros = 0, roundTripMicros = 0, latenciesNs = [1000], failed = null } = behaviour;
    const engine: ClockedEngine = {
      ready: { event: 'ready', pid: 1, goVersion: 'go', cpuClock: 'process' },
      setTargets: async ([target]) => {
        if (target !== undefined) targets[place] = target;
        return {};
      },
      askClock: async () => {
        now += roundTripMicros / 2;
        const told = now + offsetMicros;
        now += roundTripMicros / 2;
        return told;
      },
      runSlices: async ([order], onSlice) => {
        if (order === undefined) return;
        orders[place]?.push(order);
        if (behaviour.lost === true) throw LOST;
        recorder.reset();
        for (const ns of latenciesNs) recorder.record(ns);
        const histogram = recorder.encode();
        onSlice({
          event: 'slice',
          seq: order.seq,
          target: order.target,
          startedAtMicros: now + offsetMicros,
          endedAtMicros: now + offsetMicros + 1e6,
          warmupRequests: 1,
          requests: latenciesNs.length,
          errors: { connect: 0, reset: 1, timeout: 0, status: 2, protocol: 0 },
          bytesReceived: 10,
          offeredRatePerSecond: 500,
          latency: histogram,
          sendLatency: histogram,
          sendLag: histogram,
          beyondResidence: null,
          cpu: [{ role: 'outbound', pid: place, warmupStartNs: 0, startNs: 1, endNs: 2 }],
          generator: { cpuNs: 100, gcCycles: 1, connectionWaits: 1, portsExhausted: 0 },
          lateMicros: behaviour.lateMicros ?? 0,
          failed,
        });
      },
      read: async () => ({ event: 'reading', atMicros: now, processes: [], cores: [] }),
      stop: () => undefined,
      close: async () => undefined,
    };
    const own = { address: `${place}`, pidBase: place * 1000, machine: 0 };
    return { pod: `pod-${place}`, node: `node-${place % 2}`, engine, own };
  });
  return { engine: distributedEngine(agents, () => now), orders, targets };
}

async function sliceOf(behaviours: readonly Behaviour[], order = OPEN): Promise<EngineSlice> {
  const { engine } = simulated(behaviours);
  await engine.setTargets([TARGET]);
  const seen: EngineSlice[] = [];
  await engine.runSlices([order], (slice) => seen.push(slice));
  const [slice] = seen;
  if (slice === undefined || seen.length !== 1) throw new Error(`${seen.length} slices were told`);
  return slice;
}

describe('distributedEngine', () => {
  it('shares connections and requests out so that the parts are the whole', async () => {
    const { engine, orders, targets } = simulated([{}, {}, {}, {}]);
    await engine.setTargets([TARGET]);
    await engine.runSlices([OPEN, COUNTED], () => undefined);
    expect(targets.map(({ connections }) => connections)).toEqual([2, 3, 2, 3]);
    expect(orders.map(([open]) => open)).toMatchObject(
      [0, 1, 2, 3].map((place) => ({ ratePerSecond: 2000, seed: 7, share: { place, of: 4 } })),
    );
    const counted = orders.map(([, order]) => order as { requests: number; warmupRequests: number });
    expect(counted.map(({ requests }) => requests).reduce((a, b) => a + b)).toBe(303);
    expect(counted.map(({ warmupRequests }) => warmupRequests).reduce((a, b) => a + b)).toBe(101);
  });

  it('has each read its own pod’s clocks, and the first alone those behind all of them', async () => {
    const { engine, targets } = simulated([{}, {}, {}]);
    await engine.setTargets([TARGET]);
    expect(targets.map(({ agents }) => agents?.map(({ address }) => address))).toEqual([
      ['0', '3', '4'],
      ['1'],
      ['2'],
    ]);
  });

  it('begins for all at one moment, told to each by its own clock', async () => {
    const offsets = [0, 5_000_000, -3_000_000];
    const { engine, orders } = simulated(
      offsets.map((offsetMicros, place) => ({ offsetMicros, roundTripMicros: 1000 * (place + 1) })),
    );
    await engine.setTargets([TARGET]);
    const seen: EngineSlice[] = [];
    await engine.runSlices([OPEN], (slice) => seen.push(slice));
    const starts = orders.map(([order], place) => (order?.startAtMicros ?? 0) - (offsets[place] ?? 0));
    const within = seen[0]?.agents?.map(({ clockUncertaintyMicros }) => clockUncertaintyMicros) ?? [];
    const [first = 0] = starts;
    starts.forEach((start, place) => {
      expect(Math.abs(start - first)).toBeLessThanOrEqual((within[0] ?? 0) + (within[place] ?? 0));
    });
    expect(Math.max(...within)).toBeLessThan(10_000);
  });

  it('adds everything up, and tells each agent’s own part', async () => {
    const slice = await sliceOf([
      { latenciesNs: [1000, 2000], offsetMicros: 7_000_000 },
      { latenciesNs: [3000, 4000, 5000] },
    ]);
    expect(slice).toMatchObject({
      seq: 3,
      requests: 5,
      warmupRequests: 2,
      errors: { reset: 2, status: 4 },
      offeredRatePerSecond: 2000,
      generator: { cpuNs: 200, gcCycles: 2, connectionWaits: 2 },
      failed: null,
    });
    expect(slice.endedAtMicros - slice.startedAtMicros).toBe(1e6);
    expect(slice.cpu.map(({ pid }) => pid)).toEqual([0, 1]);
    expect(slice.agents?.map(({ agent, node, requests, lost }) => [agent, node, requests, lost])).toEqual([
      [0, 'node-0', 2, null],
      [1, 'node-1', 3, null],
    ]);
    expect(slice).not.toHaveProperty('doubts');
  });

  it('a slice that one agent was lost in has failed and names it, and so have all that follow', async () => {
    const { engine, orders } = simulated([{}, {}, { lost: true }, {}]);
    await engine.setTargets([TARGET]);
    const seen: EngineSlice[] = [];
    await engine.runSlices([OPEN, COUNTED], (slice) => seen.push(slice));
    for (const slice of seen) {
      expect(slice.failed).toMatch(/^load agent 3 on node-0 was lost \(.*exit code 137\); /);
      expect(slice.agents?.map(({ lost }) => lost === null)).toEqual([true, true, false, true]);
    }
    expect(seen[0]?.failed).toMatch(/; 3 of 4 agents answered$/);
    expect(seen[0]?.requests).toBe(3);
    // A load that lacks one is not sent again.
    expect(seen[1]?.failed).toMatch(/; nothing was measured without it$/);
    expect(seen[1]?.requests).toBe(0);
    expect(orders[0]).toHaveLength(1);
  });

  it('a slice that one agent failed in has failed', async () => {
    expect((await sliceOf([{}, { failed: 'connection refused' }])).failed).toBe(
      'load agent 2 on node-1: connection refused',
    );
    expect((await sliceOf([{ failed: 'stopped' }, { failed: 'stopped' }])).failed).toBe('stopped');
  });

  it('doubts a slice whose agents may not have begun together, and says which', async () => {
    const late = await sliceOf([{}, { lateMicros: 12_000 }]);
    expect(late.failed).toBeNull();
    expect(late.doubts).toEqual(['load agent 2 on node-1 began 12 ms after the others']);
    const far = await sliceOf([{ roundTripMicros: 400_000 }, {}]);
    expect(far.doubts?.join()).toMatch(/the clock of load agent 1 on node-0 is only known within 20\d ms/);
  });

  it('keeps no histograms of each agent’s own for slices that judge no latency', async () => {
    const slice = await sliceOf([{}, {}], COUNTED);
    expect(slice.latency).not.toBeNull();
    expect(slice.agents?.map(({ latency }) => latency)).toEqual([null, null]);
  });
});
