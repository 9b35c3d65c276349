/** The port every cluster provider implements: variants go in, standing deployments come out. */
import type { CounterSource, PodAgent, StartedBy } from '../host/index.js';
import type { Isolation } from '../record/index.js';
import type { VariantSpec, WorkloadProtocol } from '../variants/index.js';
import type { Identity } from './certificates.js';

/** What each variant's own service process answers. */
export interface ServiceSpec {
  readonly protocol: WorkloadProtocol;
  /** Answers in pieces; null for answers that are written at once. */
  readonly stream: { readonly chunks: number; readonly intervalMs: number } | null;
  readonly responseBytes: { readonly min: number; readonly max: number };
  readonly delayMs: number;
  /** Requests served in a second, one after another; as many as come where it is not given. */
  readonly capacityPerSecond?: number;
  /** Share of requests answered with 503. */
  readonly faultRate: number;
}

export interface DeploySpec {
  readonly variants: readonly VariantSpec[];
  readonly service: ServiceSpec;
  /** What starts the first Node sidecar of the path; absent where Node.js does. Local clusters only. */
  readonly startedBy?: StartedBy;
}

/** What a local cluster is told once, for the whole run. */
export interface LocalClusterOptions {
  readonly keepAwake: boolean;
  /** Folder for certificates and rules; what is written there is removed at the end. */
  readonly directory: string;
  /** How long certificates must be valid. */
  readonly longestMs: number;
  readonly nodes: 1 | 2;
  readonly roundTripMs: number;
  /** How long the policy server takes for a decision. */
  readonly policyLatencyMs: number;
  /** Which loopback everything listens on; the link of two nodes is IPv4. */
  readonly addresses: 'ipv4' | 'ipv6';
  /** Whether some variant has eBPF programs, which see only sockets of the run's own cgroups. */
  readonly kernelHooks: boolean;
}

export interface DeployedProcess {
  /** `service`, or the role of a data-plane process. */
  readonly role: string;
  readonly pid: number;
  /** Where it tells what it did; null when it does not (a custom proxy without metrics). */
  readonly admin: CounterSource | null;
}

/** A variant that is standing. */
export interface Deployment {
  readonly variant: string;
  /** `host:port` that the client talks to. */
  readonly entry: string;
  readonly processes: readonly DeployedProcess[];
  /** `host:port` that the harness itself asks it at; absent where that is `entry`. */
  readonly askedAt?: string;
  /** Agents that read the clocks of its processes where the generator cannot, and what they are asked with. */
  readonly agents?: readonly PodAgent[];
  readonly agentToken?: string;
  /** Who its client is, where the client's protocol has no form without TLS; else null. */
  readonly client: Identity | null;
  /** What the configurations of its proxies say that an answer does not show, for the parity check. */
  readonly settings: Readonly<Record<string, string>>;
  /** `host:port` that the variant's kernel policy forbids; null where it has none. */
  readonly forbidden: string | null;
  /** Tries to connect to `host:port` from where the client is, and tells `accepted`, `denied` or the error; absent where that is here. */
  readonly tryConnecting?: (address: string) => Promise<string>;
  /** Null while every process lives; else which died, how, and its last log lines. */
  deathReason(): string | null;
}

export type DeployOutcome =
  | { readonly state: 'standing'; readonly deployment: Deployment }
  | { readonly state: 'failed'; readonly variant: string; readonly reason: string };

/** A loop of the lowest priority that keeps a core from halting. */
export interface Keeper {
  readonly core: number;
  readonly pid: number;
}

/** The link between two nodes, as it was measured when it was made. */
export interface MeasuredLink {
  readonly kind: 'veth' | 'tun';
  readonly roundTripMicros: { readonly median: number; readonly p99: number };
}

export interface Cluster {
  readonly isolation: Isolation;
  /** Cgroup that every client of the variants must be started in; null where there is none. */
  readonly clientCgroup: string | null;
  /** The link between two nodes; null on one node, and before anything stands. */
  link(): MeasuredLink | null;
  /** The loops that keep cores awake; their time is idle time. */
  keepers(): readonly Keeper[];
  /** Roles of the processes whose CPU is the data plane's, by variant form. */
  dataPlaneRoles(variant: VariantSpec): readonly string[];
  /**
   * Stands every variant up with fresh processes, beside whatever stands already, and waits until each has
   * answered a real request. A variant that does not come up is an outcome, not an exception.
   */
  deploy(spec: DeploySpec): Promise<readonly DeployOutcome[]>;
  teardown(deployments: readonly Deployment[]): Promise<void>;
  /** What is known of a variant's end that nobody was told when it was missed; null where there is nothing. */
  whyEnded(variant: string): string | null;
  /** Removes everything this cluster made. */
  close(): Promise<void>;
}
