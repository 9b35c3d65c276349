/** A cluster, an engine and a clock that cost no time, for tests of the order of events. */
import type { Cluster, Deployment, DeploySpec } from '../../cluster/index.js';
import type { Clock } from '../../host/index.js';
import type { EngineSlice, EngineSliceOrder, EngineTarget, LoadgenEngine } from '../../load/index.js';
import type { Plan } from '../../plan/index.js';
import { createLatencyRecorder } from '../../record/index.js';
import { resolveVariant } from '../../variants/index.js';

/** Ids of the plan's variants. */
export const VARIANTS = ['plain', 'pooled-buffer'];

/** A plan of two variants, short and long slices. */
export function plan(rounds: number, replicas: number): Plan {
  return {
    scenario: { name: 'test', path: 'test.yaml', text: '' },
    cluster: { provider: 'local', keepAwake: 'never' },
    topology: { roles: ['outbound', 'inbound'], clusters: {}, nodes: 1, addresses: 'ipv4', roundTripMs: 0 },
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
      requestBytes: null,
      requests: null,
      connections: 4,
      slowClients: null,
      serviceDelayMs: 0,
      serviceCapacityPerSecond: null,
      faultRate: 0,
      timeoutMs: 1000,
    },
    load: { driver: 'loadgen', model: 'open', ratePerSecond: 100, arrivals: 'constant' },
    cells: [],
    schedule: {
      seed: 1,
      rounds,
      replicas,
      budgetMs: 60_000,
      micro: { requests: 100, warmupRequests: 10, perRoundMs: 1000 },
      long: { durationMs: 1000, warmupMs: 100, blocksPerRound: 1 },
      crossCheck: null,
      profiles: null,
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
export function fakeMachine(
  /** From which slice on a variant's process is dead; `quietly` where it is answered nonetheless, by what is left of it. */
  failAt: { readonly variant: string; readonly seq: number; readonly quietly?: boolean } | null = null,
) {
  let micros = 1e9;
  let nextPid = 100;
  const deployed: string[][] = [];
  const services: DeploySpec['service'][] = [];
  const orders: EngineSliceOrder[] = [];
  let standing = 0;
  let lastSeq = -1;
  let targets: readonly EngineTarget[] = [];
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
    lastSeq = order.seq;
    const startedAtMicros = micros;
    micros += 100_000;
    const cpu = (target?.processes ?? []).map(({ role, pid }) => {
      const before = cpuNs.get(pid) ?? 0;
      cpuNs.set(pid, before + 1e6);
      return { role, pid, warmupStartNs: before, startNs: before, endNs: before + 1e6 };
    });
    const failed =
      failAt !== null && failAt.variant === order.target && order.seq >= failAt.seq && failAt.quietly !== true
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
    runSlices: async (given, onSlice) => {
      orders.push(...given);
      for (const order of given) onSlice(runSlice(order));
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
    clientCgroup: null,
    link: () => null,
    keepers: () => [],
    whyEnded: () => null,
    dataPlaneRoles: () => ['outbound'],
    deploy: async ({ variants, service }) => {
      services.push(service);
      deployed.push(variants.map((variant) => variant.id));
      standing += variants.length;
      return variants.map((variant) => {
        nextPid += 1;
        const deployment: Deployment = {
          variant: variant.id,
          // Nothing listens there: the parity check then finds the same refusal everywhere.
          entry: '127.0.0.1:1',
          forbidden: null,
          client: null,
          processes: [{ role: 'outbound', pid: nextPid, admin: null }],
          settings:
            variant.form.type === 'direct'
              ? {}
              : { workers: variant.id === 'plain' ? '1' : '2', 'upstream timeout': '15 s' },
          deathReason: () =>
            failAt?.variant === variant.id && lastSeq >= failAt.seq
              ? 'outbound ended: killed by SIGKILL'
              : null,
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
      k6: null,
      holdIdle: () => Promise.reject(new Error('no idle connections here')),
      readAdmin: async () => null,
      readCpuShares: async () => null,
      readStacks: async () => null,
      readPerfStacks: async () => ({ found: null, note: null }),
      clinic: null,
      interrupt: () => undefined,
      profileAutocannon: () => Promise.reject(new Error('no autocannon here')),
      readProcessCpuNs: () => null,
      clock,
    },
    deployed,
    /** What each of `deployed` was to be served by. */
    services,
    orders,
    targets: () => targets,
    standing: () => standing,
  };
}
