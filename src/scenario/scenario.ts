/** A scenario after validation: every default filled in, every quantity in the unit its name carries. */
import type { Ablation, GateRule } from '../record/index.js';
import type { DeclaredVariant, ProxyRole, WorkloadProtocol } from '../variants/index.js';

export interface ScenarioTopology {
  /** The proxies in the path, in the order that a request passes them. */
  readonly roles: readonly ProxyRole[];
  /** Steps of the path by cluster; empty where the scenario names none. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly nodes: 1 | 2;
  /** Which loopback everything listens on. */
  readonly addresses: 'ipv4' | 'ipv6';
  /** Round trip added to the link between two nodes. */
  readonly roundTripMs: number;
}

export interface ScenarioPolicy {
  /** How long the policy server takes for a decision. */
  readonly latencyMs: number;
}

/** One kind of request of a mix. */
export interface ScenarioRequest {
  /** How often it is sent, relative to the others. */
  readonly weight: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    /** As the scenario names it; null for a body of letters. */
    readonly file: string | null;
    readonly sha256: string;
    readonly content: Buffer;
  } | null;
}

export interface ScenarioWorkload {
  readonly protocol: WorkloadProtocol;
  readonly grpcMethod: 'unary' | 'server-stream';
  readonly responseBytes: { readonly min: number; readonly max: number };
  /** Answers in pieces; null for answers that are written at once. */
  readonly stream: { readonly chunks: number; readonly intervalMs: number } | null;
  /** Size of each request that is no HTTP; null where it is. */
  readonly requestBytes: number | null;
  /** Null where every request is a GET of `/`. */
  readonly requests: readonly ScenarioRequest[] | null;
  readonly connections: number;
  readonly connectionPerRequest: boolean;
  readonly idleConnections: number;
  /** Connections, out of those above, that read slowly; null for none. */
  readonly slowClients: { readonly connections: number; readonly readBytesPerSecond: number } | null;
  readonly serviceDelayMs: number;
  /** Requests that the service serves in a second, one after another; null for as many as come. */
  readonly serviceCapacityPerSecond: number | null;
  /** Share of requests answered with 503, in [0, 1). */
  readonly faultRate: number;
  readonly timeoutMs: number;
}

export type Arrivals =
  | { readonly arrivals: 'constant' }
  | { readonly arrivals: 'poisson' }
  | { readonly arrivals: 'bursts'; readonly burst: number }
  /** From that rate at a slice's begin to the load's at its end. */
  | { readonly arrivals: 'ramp'; readonly fromRatePerSecond: number };

/** The user's own script, as the scenario writes it; null for meshmark's. */
interface K6Script {
  readonly script: string | null;
}

/** How many pods make the load together; one where it is not given. */
interface Agents {
  readonly agents?: number;
}

export type ScenarioLoad = Agents & SentLoad;

type SentLoad =
  /** `thinkMs`: how long each connection rests after its answer, in long slices. */
  | { readonly driver: 'loadgen'; readonly model: 'closed'; readonly thinkMs: number }
  | {
      readonly driver: 'autocannon';
      readonly model: 'closed';
      /** Single-threaded processes that the connections are shared out among. */
      readonly processes: number;
    }
  | ({ readonly driver: 'k6'; readonly model: 'closed' } & K6Script)
  | ({ readonly driver: 'k6'; readonly model: 'open'; readonly ratePerSecond: number } & K6Script &
      Extract<Arrivals, { arrivals: 'constant' | 'ramp' }>)
  | ({ readonly driver: 'loadgen'; readonly model: 'open'; readonly ratePerSecond: number } & Arrivals);

export interface ScenarioSlices {
  readonly blocks: number;
  readonly budgetMs: number;
  readonly seed: number;
  /** Null when the scenario leaves it to the plan. */
  readonly replicas: number | null;
  /** Whether the run ends as soon as its gate is decided. */
  readonly earlyStop: boolean;
  /** How long a regression may be run again, as a share of the budget; 0 for not at all. */
  readonly confirmShare: number;
  readonly long: { readonly durationMs: number; readonly warmupMs: number } | null;
  readonly micro: {
    readonly requests: number;
    readonly warmupRequests: number;
    readonly perRoundMs: number;
  } | null;
}

export interface ScenarioCrossCheck {
  readonly driver: 'autocannon' | 'k6';
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly everyRounds: number;
}

/** One of several workloads that a scenario measures beside each other. */
export interface ScenarioCell {
  /** Told behind each variant's name, such as `64KiB,4conns`; unique, of characters that files may have. */
  readonly id: string;
  /** What it differs from other cells in: the axis, and its value in words. */
  readonly values: Readonly<Record<string, string>>;
  readonly workload: ScenarioWorkload;
  readonly load: ScenarioLoad | null;
}

/** Where variants stand. */
export type ScenarioCluster =
  | { readonly provider: 'local'; readonly keepAwake: 'auto' | 'always' | 'never' }
  | {
      readonly provider: 'kubernetes';
      /** Null for what kubectl would take. */
      readonly context: string | null;
      readonly kubeconfig: string | null;
      /** One that is there already; null for one of each variant's own. */
      readonly namespace: string | null;
      /** Null for the one that `meshmark images save` makes. */
      readonly image: string | null;
      readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
      readonly pullSecrets: readonly string[];
      readonly clientNodes: Readonly<Record<string, string>>;
      readonly serviceNodes: Readonly<Record<string, string>>;
      readonly cpuRequest: string;
      readonly memoryLimit: string;
      readonly startLimitMs: number;
      /** Whether pods may reach into their node's kernel; whoever runs it has to say so, too. */
      readonly allowPrivileged: boolean;
    };

export interface Scenario {
  readonly name: string;
  readonly description: string | null;
  readonly cluster: ScenarioCluster;
  readonly topology: ScenarioTopology;
  readonly policy: ScenarioPolicy;
  /** Of the first cell, where there are several. */
  readonly workload: ScenarioWorkload;
  /** Null only where there are no long slices. */
  readonly load: ScenarioLoad | null;
  /** Empty where there is but one workload. */
  readonly cells: readonly ScenarioCell[];
  readonly slices: ScenarioSlices;
  readonly crossCheck: ScenarioCrossCheck | null;
  /** Coverage of every interval: 0.99. */
  readonly confidence: number;
  /** Equivalence margin as a fraction. */
  readonly margin: number;
  readonly variants: readonly DeclaredVariant[];
  readonly baseline: string | null;
  readonly compare: readonly { readonly candidate: string; readonly baseline: string }[];
  readonly ablation: Ablation | null;
  /** Null when no profile is taken. */
  readonly offloadCeiling: { readonly durationMs: number } | null;
  readonly gate: readonly GateRule[];
}

/** How many of the connections a share of slow clients is. */
export function slowConnections(connections: number, share: number): number {
  return Math.max(1, Math.round(connections * share));
}

/** The least time that a round must measure: the batches of the statistics are rounds, and shorter ones are not independent. */
export const SHORTEST_BATCH_MS = 2000;

/** How long one round measures, over all variants; warm-ups and edges not counted. */
export function measuredPerRoundMs(
  slices: Pick<ScenarioSlices, 'long' | 'micro'>,
  variantCount: number,
): number {
  return (slices.micro?.perRoundMs ?? 0) + (slices.long?.durationMs ?? 0) * variantCount;
}
