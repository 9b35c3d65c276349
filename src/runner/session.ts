/** What the parts of a running benchmark share. */
import type { Clinic } from '../clinic/index.js';
import type { Cluster, Deployment } from '../cluster/index.js';
import type { Clock, CounterSource, StartedBy } from '../host/index.js';
import type {
  AutocannonDriver,
  EngineTarget,
  IdleConnections,
  K6Driver,
  LoadgenEngine,
  ProfiledLoad,
} from '../load/index.js';
import type { Plan } from '../plan/index.js';
import type { AdminSnapshot } from '../probes/index.js';
import type {
  ClinicTool,
  CpuShares,
  ParityFinding,
  ProcessStacks,
  RecordLine,
  SliceRecord,
  StackKind,
  StepRecord,
} from '../record/index.js';
import type { VariantSpec } from '../variants/index.js';

/** The rooms that only the runner joins. */
export interface RunnerPorts {
  readonly cluster: Cluster;
  readonly engine: LoadgenEngine;
  /** Null when the plan has no slice for it. */
  readonly autocannon: AutocannonDriver | null;
  /** Null when the plan has no slice for it. */
  readonly k6: K6Driver | null;
  /** Opens connections that stay idle. */
  readonly holdIdle: (
    target: Pick<EngineTarget, 'id' | 'address' | 'protocol'>,
    count: number,
  ) => Promise<IdleConnections>;
  readonly readAdmin: (source: CounterSource) => Promise<AdminSnapshot | null>;
  /** Null where the plan has nothing for it. */
  readonly clinic: Clinic | null;
  /** Sends SIGINT to a process; nothing when it is gone. */
  readonly interrupt: (pid: number) => void;
  /** Makes load by autocannon, one of whose processes is started by a profiler. */
  readonly profileAutocannon: (
    startedBy: StartedBy,
    signal: AbortSignal,
    order: ProfiledLoad,
  ) => Promise<{ readonly requests: number; readonly fault: string | null }>;
  /** Has a process profile its own CPU for so long; null when it did not. */
  readonly readCpuShares: (
    address: string,
    seconds: number,
    signal: AbortSignal,
  ) => Promise<CpuShares | null>;
  /** Has a process look at its own call stacks for so long; null when it did not. */
  readonly readStacks: (
    address: string,
    kind: StackKind,
    seconds: number,
    signal: AbortSignal,
  ) => Promise<ProcessStacks | null>;
  /** Looks at a process from the kernel for so long. */
  readonly readPerfStacks: (
    pid: number,
    seconds: number,
    signal: AbortSignal,
  ) => Promise<{ readonly found: ProcessStacks | null; readonly note: string | null }>;
  /** CPU of a process so far in ns; null when it is gone. */
  readonly readProcessCpuNs: (pid: number) => number | null;
  readonly clock: Clock;
}

/** Where measured lines go. `sync` makes all earlier lines durable and is only called between windows. */
export interface RunnerSink {
  append(line: RecordLine): void;
  sync(): void;
}

export type ProgressEvent =
  | { readonly type: 'control'; readonly delayMs: number }
  | { readonly type: 'deploying'; readonly replica: number; readonly replicas: number }
  | { readonly type: 'round'; readonly round: number; readonly rounds: number; readonly part: string }
  | { readonly type: 'slice'; readonly slice: SliceRecord }
  | { readonly type: 'step'; readonly step: StepRecord }
  | {
      readonly type: 'clinic';
      readonly tool: ClinicTool;
      /** The variant, or `autocannon`. */
      readonly of: string;
      readonly fault: string | null;
    }
  | { readonly type: 'variant-failed'; readonly variant: string; readonly reason: string }
  | { readonly type: 'variant-unavailable'; readonly variant: string; readonly reason: string };

export interface RunnerHooks {
  readonly onProgress: (event: ProgressEvent) => void;
  /** Asked after every round: whether what is known suffices, or the budget is spent. */
  readonly decide: (state: {
    readonly roundsDone: number;
    /** Whole sets of fresh processes that have served all their rounds. */
    readonly replicasDone: number;
    /** Variants that take no further part. */
    readonly failures: ReadonlyMap<string, string>;
    readonly elapsedMs: number;
  }) => 'continue' | 'stop';
  /** In a search, the rate to try next with a variant; null when nothing more is to be learnt of it. */
  readonly nextRate?: (variant: string) => number | null;
  /** Aborts the run: the slice being measured is dropped, what was measured stays. */
  readonly signal: AbortSignal;
}

export interface Session {
  readonly plan: Plan;
  readonly ports: RunnerPorts;
  readonly sink: RunnerSink;
  readonly hooks: RunnerHooks;
  /** Deployments of the current generation, by variant id. */
  readonly standing: Map<string, Deployment>;
  /** Idle connections to the deployments of the current generation. */
  idle: IdleConnections[];
  /** Why a variant takes no further part, by variant id. */
  readonly failures: Map<string, string>;
  /** The variants in the order in which this generation is stood up and asked. */
  order: readonly VariantSpec[];
  parity: ParityFinding[];
  replica: number;
  round: number;
  nextSeq: number;
  nextBlock: number;
}

/** The variants that still take part, in the generation's order. */
export function livingVariants(session: Session): VariantSpec[] {
  return session.order.filter((variant) => !session.failures.has(variant.id));
}

/** Takes a variant out of the rest of the run. */
export function failVariant(session: Session, variant: string, reason: string): void {
  if (session.failures.has(variant)) return;
  session.failures.set(variant, reason);
  session.hooks.onProgress({ type: 'variant-failed', variant, reason });
}

/** The standing deployment of a variant. Throws RangeError when it is not standing, which callers have excluded. */
export function deploymentOf(session: Session, variant: string): Deployment {
  const deployment = session.standing.get(variant);
  if (deployment === undefined) throw new RangeError(`${variant} is not standing`);
  return deployment;
}
