import { describe, expect, it } from 'vitest';
import type { Cluster, Deployment } from '../cluster/index.js';
import type { Clock } from '../host/index.js';
import type { EngineSlice, EngineSliceOrder, LoadgenEngine } from '../load/index.js';
import type { Plan } from '../plan/index.js';
import {
  createLatencyRecorder,
  type RecordLine,
  type SliceRecord,
  type WindowRecord,
} from '../record/index.js';
import { resolveVariant } from '../variants/index.js';
import { executeRun, replicaOf } from './run.js';
import type { ProgressEvent, RunnerHooks } from './session.js';

const VARIANTS = ['plain', 'pooled-buffer'];

function plan(rounds: number, replicas: number): Plan {
  return {
    scenario: { name: 'test', path: 'test.yaml', text: '' },
    cluster: { provider: 'local', keepAwake: 'never' },
    topology: { roles: ['outbound', 'inbound'], clusters: {}, nodes: 1, roundTripMs: 0 },
    policy: { latencyMs: 1 },
    counterparts: {},
    ablation: null,
    workload: {
      protocol: 'http1',
      grpcMethod: 'unary',
      stream: null,
      connectionPerRequest: false,
      idleConnections: 0,
      responseBytes: { min: 1024, max: 1024 },
      connections: 4,
      serviceDelayMs: 0,
      faultRate: 0,
      timeoutMs: 1000,
    },
    load: { driver: 'loadgen', model: 'open', ratePerSecond: 100, arrivals: 'constant' },
    schedule: {
      seed: 1,
      rounds,
      replicas,
      budgetMs: 60_000,
      micro: { requests: 100, warmupRequests: 10, perRoundMs: 1000 },
      long: { durationMs: 1000, warmupMs: 100, blocksPerRound: 1 },
      crossCheck: null,
      jitter: 0.3,
    },
    variants: VARIANTS.map((kind) =>
      resolveVariant(
        { id: kind, kind, options: {}, command: null },
        { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 4, protocol: 'http1' },
      ),
    ),
    analysis: {
      baseline: 'plain',
      pairs: [{ candidate: 'pooled-buffer', baseline: 'plain' }],
      confidence: 0.99,
      margin: 0.03,
      gate: [],
      model: 'open',
      offeredRatePerSecond: 100,
      hasMicro: true,
      hasLong: true,
      rounds,
      replicas,
    },
    estimatedSeconds: 10,
  };
}

/** A machine on which every slice takes 100 ms and every process burns 1 ms of CPU in it. */
function fakeMachine(failAt: { readonly variant: string; readonly seq: number } | null = null) {
  let micros = 1e9;
  let nextPid = 100;
  const deployed: string[][] = [];
  let standing = 0;
  let targets: readonly {
    readonly id: string;
    readonly processes: readonly { role: string; pid: number }[];
  }[] = [];
  const cpuNs = new Map<number, number>();
  const histogram = (() => {
    const recorder = createLatencyRecorder();
    recorder.record(1e6);
    return recorder.encode();
  })();

  const clock: Clock = {
    nowMicros: () => micros,
    sleep: async (ms) => {
      micros += ms * 1000;
    },
  };

  const runSlice = (order: EngineSliceOrder): EngineSlice => {
    const target = targets.find((one) => one.id === order.target);
    const startedAtMicros = micros;
    micros += 100_000;
    const cpu = (target?.processes ?? []).map(({ role, pid }) => {
      const before = cpuNs.get(pid) ?? 0;
      cpuNs.set(pid, before + 1e6);
      return { role, pid, warmupStartNs: before, startNs: before, endNs: before + 1e6 };
    });
    const failed =
      failAt !== null && failAt.variant === order.target && order.seq >= failAt.seq
        ? 'connection refused'
        : null;
    return {
      event: 'slice',
      seq: order.seq,
      target: order.target,
      startedAtMicros,
      endedAtMicros: micros,
      warmupRequests: 10,
      requests: failed === null ? 100 : 3,
      errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
      bytesReceived: 1000,
      offeredRatePerSecond: order.model === 'open' ? order.ratePerSecond : null,
      latency: histogram,
      sendLatency: order.model === 'open' ? histogram : null,
      sendLag: order.model === 'open' ? histogram : null,
      beyondResidence: null,
      cpu,
      generator: { cpuNs: 1e6, gcCycles: 0, connectionWaits: 0 },
      failed,
    };
  };

  const engine: LoadgenEngine = {
    ready: { event: 'ready', pid: 1, goVersion: 'go', cpuClock: 'process' },
    setTargets: async (given) => {
      targets = given;
      return {};
    },
    runSlices: async (orders, onSlice) => {
      for (const order of orders) onSlice(runSlice(order));
    },
    read: async () => ({
      event: 'reading',
      atMicros: micros,
      processes: targets.flatMap(({ id, processes }) =>
        processes.map(({ role, pid }) => ({
          target: id,
          role,
          pid,
          cpuNs: cpuNs.get(pid) ?? 0,
          userMicros: 0,
          systemMicros: 0,
          voluntarySwitches: 0,
          involuntarySwitches: 0,
          rssBytes: 1,
          rssPeakBytes: 1,
        })),
      ),
      cores: [],
    }),
    stop: () => undefined,
    close: async () => undefined,
  };

  const cluster: Cluster = {
    isolation: { generatorCores: [0], dataPlaneCores: [1], cgroups: null, keptAwake: [], notIsolated: [] },
    link: () => null,
    keepers: () => [],
    dataPlaneRoles: () => ['outbound'],
    deploy: async ({ variants }) => {
      deployed.push(variants.map((variant) => variant.id));
      standing += variants.length;
      return variants.map((variant) => {
        nextPid += 1;
        const deployment: Deployment = {
          variant: variant.id,
          // Nothing listens there: the parity check then finds the same refusal everywhere.
          entry: '127.0.0.1:1',
          processes: [{ role: 'outbound', pid: nextPid, admin: null }],
          deathReason: () => (failAt?.variant === variant.id ? 'outbound ended: killed by SIGKILL' : null),
        };
        return { state: 'standing', deployment };
      });
    },
    teardown: async (deployments) => {
      standing -= deployments.length;
    },
    close: async () => undefined,
  };
  return {
    ports: {
      cluster,
      engine,
      autocannon: null,
      holdIdle: () => Promise.reject(new Error('no idle connections here')),
      readAdmin: async () => null,
      readProcessCpuNs: () => null,
      clock,
    },
    deployed,
    standing: () => standing,
  };
}

async function run(
  rounds: number,
  replicas: number,
  machine = fakeMachine(),
  hooks: Partial<RunnerHooks> = {},
) {
  const lines: RecordLine[] = [];
  const events: ProgressEvent[] = [];
  let syncs = 0;
  const outcome = await executeRun(
    plan(rounds, replicas),
    machine.ports,
    {
      append: (line) => lines.push(line),
      sync: () => {
        syncs += 1;
      },
    },
    {
      onProgress: (event) => events.push(event),
      decide: () => 'continue',
      signal: new AbortController().signal,
      ...hooks,
    },
  );
  const slices = lines.filter((line): line is SliceRecord => line.type === 'slice');
  const windows = lines.filter((line): line is WindowRecord => line.type === 'window');
  return { outcome, lines, slices, windows, events, syncs };
}

describe('executeRun', () => {
  it('measures every variant in every block, micro blocks for the round’s time and then a long one', async () => {
    const { slices } = await run(4, 4);
    for (let round = 0; round < 4; round += 1) {
      const own = slices.filter((slice) => slice.round === round);
      expect(own.filter((slice) => slice.track === 'micro').length).toBeGreaterThanOrEqual(10);
      expect(
        own
          .filter((slice) => slice.track === 'long')
          .map((slice) => slice.variant)
          .sort(),
      ).toEqual(VARIANTS);
    }
    const blocks = new Map<number, string[]>();
    for (const slice of slices) blocks.set(slice.block, [...(blocks.get(slice.block) ?? []), slice.variant]);
    for (const variants of blocks.values()) expect(variants.sort()).toEqual(VARIANTS);
  });

  it('gives each replica fresh processes and tears the old ones down', async () => {
    const machine = fakeMachine();
    const { slices } = await run(6, 3, machine);
    expect(machine.deployed).toHaveLength(3);
    expect(machine.standing()).toBe(2);
    const replicas = new Map<number, Set<number>>();
    for (const slice of slices)
      replicas.set(slice.replica, (replicas.get(slice.replica) ?? new Set()).add(slice.round));
    expect([...replicas.values()].map((rounds) => [...rounds])).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it('surrounds each long slice and each round’s micro slices with a window that counts all requests', async () => {
    const { slices, windows } = await run(4, 4);
    for (const slice of slices.filter((one) => one.track === 'long')) {
      const own = windows.filter((window) => window.sliceSeq === slice.seq);
      expect(own).toHaveLength(1);
      expect(own[0]?.requests).toBe(slice.requests + slice.warmupRequests);
    }
    const micro = slices.filter(
      (slice) => slice.track === 'micro' && slice.round === 2 && slice.variant === 'plain',
    );
    const window = windows.find((one) => one.track === 'micro' && one.round === 2 && one.variant === 'plain');
    expect(window?.requests).toBe(micro.length * 110);
  });

  it('takes a variant out when it stops answering, says how it died, and measures the others on', async () => {
    const { outcome, slices, events } = await run(4, 4, fakeMachine({ variant: 'pooled-buffer', seq: 30 }));
    expect(outcome.state).toBe('finished');
    expect(outcome.failures.get('pooled-buffer')).toMatch(/SIGKILL/);
    expect(events.filter((event) => event.type === 'variant-failed')).toHaveLength(1);
    const rounds = (variant: string) =>
      new Set(slices.filter((slice) => slice.variant === variant).map((slice) => slice.round));
    expect(rounds('plain').size).toBe(4);
    expect(rounds('pooled-buffer').size).toBeLessThan(4);
  });

  it('makes the record durable after every round', async () => {
    const { syncs } = await run(4, 4);
    expect(syncs).toBeGreaterThanOrEqual(4);
  });

  it('stops when it is told that enough is known', async () => {
    const { outcome } = await run(8, 8, fakeMachine(), {
      decide: ({ roundsDone }) => (roundsDone === 3 ? 'stop' : 'continue'),
    });
    expect(outcome).toMatchObject({ state: 'finished', roundsDone: 3 });
  });

  it('keeps what was measured before an interruption and nothing of the slice it cut short', async () => {
    const controller = new AbortController();
    let seen = 0;
    const { outcome, slices } = await run(8, 8, fakeMachine(), {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type !== 'slice') return;
        seen += 1;
        if (seen === 20) controller.abort();
      },
    });
    expect(outcome.state).toBe('interrupted');
    expect(slices).toHaveLength(20);
  });
});

describe('replicaOf', () => {
  it('spreads rounds evenly, neighbours together', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((round) => replicaOf(round, 7, 3))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  });
});
