/** The short runs in which the self-test lies to meshmark: what stands in them, and who lies how. */
import { join } from 'node:path';
import { installRoot } from '../../host/index.js';
import type { EngineReading, EngineSlice, LoadgenEngine } from '../../load/index.js';
import type { Plan } from '../../plan/index.js';

/** A run with lies in it, and honest variants beside them for a control. */
export interface SeededRun {
  readonly name: 'proxies' | 'claims' | 'saturated' | 'build' | 'clock';
  readonly scenario: string;
  /** What of the plan is a lie. */
  readonly plan: (plan: Plan) => Plan;
  /** What stands between the harness and its engine. */
  readonly between: (engine: LoadgenEngine) => LoadgenEngine;
  /** Whether the data plane is the one that was built without optimisation. */
  readonly unoptimised: boolean;
}

/** How far the machine's clock seems to be set back. */
const CLOCK_STEP_MICROS = -30e6;
/** Readings before it is. */
const READINGS_BEFORE_STEP = 12;

const lyingProxy = join(installRoot, 'dist', 'cli', 'self-test', 'lying-proxy.js');

const honestPlan = (plan: Plan): Plan => plan;
const honestEngine = (engine: LoadgenEngine): LoadgenEngine => engine;

const proxies = ['honest', 'honest-again', 'stall', 'drop', 'cache', 'refuse'];
const proxyVariant = (id: string): string =>
  `  - { id: ${id}, kind: custom, command: [node, ${JSON.stringify(lyingProxy)}, --listen, "{listen}", --upstream, "{upstream}", --lie, ${id}] }`;

const PROXIES = `schema: meshmark.scenario/1
name: proxies that lie
topology: { hops: 1 }
workload: { protocol: http1, responseBytes: 1KiB, connections: 32, timeout: 300ms }
load: { driver: loadgen, model: open, rate: 250/s, arrivals: poisson }
slices: { duration: 1s, warmup: 100ms, blocks: 4, replicas: 4, budget: 300s, seed: 11 }
variants:
${proxies.map(proxyVariant).join('\n')}
baseline: honest
`;

const CLAIMS = `schema: meshmark.scenario/1
name: claims that are not true
topology: { hops: 2 }
workload: { protocol: http1, responseBytes: 4KiB, connections: 8 }
slices: { blocks: 4, replicas: 4, budget: 300s, seed: 12, micro: { requests: 100, warmup: 30, perRound: 2s } }
variants:
  - { id: plain }
  - { id: pooled-buffer }
  - { id: inactive-pool, kind: plain }
  - { id: quic }
  - { id: h2-in-disguise, kind: h2-tls }
  - { id: tls-full }
  - { id: resumed-in-disguise, kind: tls-resumed }
  - { id: zeroed, kind: plain }
  - { id: misaligned, kind: plain }
baseline: plain
`;

const SATURATED = `schema: meshmark.scenario/1
name: a rate that nobody can send
topology: { hops: 1 }
workload: { protocol: http1, responseBytes: 1KiB, connections: 1000 }
load: { driver: loadgen, model: open, rate: 300000/s, arrivals: constant }
slices: { duration: 2s, warmup: 0ms, blocks: 1, budget: 300s, seed: 13 }
variants:
  - { id: direct }
`;

const SHORT = `schema: meshmark.scenario/1
name: one sidecar
topology: { hops: 1 }
workload: { protocol: http1, responseBytes: 1KiB, connections: 8 }
slices: { blocks: 4, replicas: 4, budget: 300s, seed: 14, micro: { requests: 100, warmup: 30, perRound: 2s } }
variants:
  - { id: plain }
  - { id: again, kind: plain }
baseline: plain
`;

/** Variants that claim what another does. */
const FALSE_CLAIMS: Readonly<Record<string, string>> = {
  'inactive-pool': 'pooled-buffer',
  'h2-in-disguise': 'quic',
  'resumed-in-disguise': 'tls-full',
};

export const SEEDED_RUNS: readonly SeededRun[] = [
  { name: 'proxies', scenario: PROXIES, plan: honestPlan, between: honestEngine, unoptimised: false },
  { name: 'claims', scenario: CLAIMS, plan: withFalseClaims, between: lyingAboutCpu, unoptimised: false },
  { name: 'saturated', scenario: SATURATED, plan: honestPlan, between: honestEngine, unoptimised: false },
  { name: 'build', scenario: SHORT, plan: honestPlan, between: honestEngine, unoptimised: true },
  { name: 'clock', scenario: SHORT, plan: honestPlan, between: withClockSet, unoptimised: false },
];

function withFalseClaims(plan: Plan): Plan {
  const claimsOf = (id: string) => plan.variants.find((variant) => variant.id === id)?.claims ?? [];
  return {
    ...plan,
    variants: plan.variants.map((variant) => {
      const model = FALSE_CLAIMS[variant.id];
      return model === undefined ? variant : { ...variant, claims: claimsOf(model) };
    }),
  };
}

/** The CPU clocks of `zeroed` read 0, and those of `misaligned` are told of another moment than they were read at. */
function lyingAboutCpu(engine: LoadgenEngine): LoadgenEngine {
  const zeroed = (reading: EngineReading): EngineReading => ({
    ...reading,
    processes: reading.processes.map((process) =>
      process.target === 'zeroed' ? { ...process, cpuNs: 0 } : process,
    ),
  });
  const early = (slice: EngineSlice): EngineSlice => ({
    ...slice,
    cpu: slice.cpu.map((edge) => {
      if (slice.target === 'zeroed') return { ...edge, warmupStartNs: 0, startNs: 0, endNs: 0 };
      const moved = slice.target === 'misaligned' ? 3 * (edge.endNs - edge.warmupStartNs) : 0;
      return {
        ...edge,
        warmupStartNs: edge.warmupStartNs - moved,
        startNs: edge.startNs - moved,
        endNs: edge.endNs - moved,
      };
    }),
  });
  return {
    ...engine,
    read: async () => zeroed(await engine.read()),
    runSlices: (orders, onSlice) => engine.runSlices(orders, (slice) => onSlice(early(slice))),
  };
}

/** The machine's time of day is set back in the middle of the run. */
function withClockSet(engine: LoadgenEngine): LoadgenEngine {
  let readings = 0;
  return {
    ...engine,
    read: async () => {
      const reading = await engine.read();
      readings += 1;
      if (reading.wallMicros === undefined || readings <= READINGS_BEFORE_STEP) return reading;
      return { ...reading, wallMicros: reading.wallMicros + CLOCK_STEP_MICROS };
    },
  };
}
