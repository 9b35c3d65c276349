/** A plan: a validated scenario made concrete. Everything random in a run follows from its seed. */
import type { Ablation, ClinicTool, PlannedAnalysis, StackKind, Track } from '../record/index.js';
import type {
  ScenarioCluster,
  ScenarioLoad,
  ScenarioPolicy,
  ScenarioTopology,
  ScenarioWorkload,
} from '../scenario/index.js';
import type { VariantSpec } from '../variants/index.js';

export interface Schedule {
  readonly seed: number;
  /** A round is micro blocks, then long blocks, then perhaps a cross-check, on one set of processes. */
  readonly rounds: number;
  /** Sets of fresh processes over the run; a new one stands every `rounds / replicas` rounds. */
  readonly replicas: number;
  readonly budgetMs: number;
  /** How long a regression may be run again before the gate fails, beyond the budget; 0 or absent for not at all. */
  readonly confirmBudgetMs?: number;
  readonly micro: {
    readonly requests: number;
    readonly warmupRequests: number;
    readonly perRoundMs: number;
  } | null;
  readonly long: {
    readonly durationMs: number;
    readonly warmupMs: number;
    readonly blocksPerRound: number;
  } | null;
  readonly crossCheck: {
    readonly driver: 'autocannon' | 'k6';
    readonly durationMs: number;
    readonly warmupMs: number;
    readonly everyRounds: number;
  } | null;
  /** CPU profiles at the end of each replica, of the variants named; null for none. */
  readonly profiles: { readonly durationMs: number; readonly variants: readonly string[] } | null;
  /** Steps of a sweep or a search; null or absent in a run of slices. */
  readonly steps?: { readonly durationMs: number; readonly warmupMs: number } | null;
  /** Looks at the data plane's call stacks, in slices of their own, in place of all others; null or absent for none. */
  readonly stacks?: {
    readonly looks: readonly { readonly kind: StackKind; readonly durationMs: number }[];
  } | null;
  /** What clinic looks at, once and in slices of its own, in the first round of looks; null or absent for nothing. */
  readonly clinic?: {
    readonly looks: readonly { readonly tool: ClinicTool; readonly durationMs: number }[];
    /** Ids of the variants whose sidecars run in Node.js. */
    readonly variants: readonly string[];
    /** Processes of autocannon that share the load; null where it does not send. */
    readonly generatorProcesses: number | null;
  } | null;
  /** Slice lengths vary by this fraction either way per block, the same for its variants. */
  readonly jitter: number;
}

/** One of several workloads that a plan measures beside each other: variants of its own, whose ids tell it. */
export interface PlannedCell {
  readonly id: string;
  /** What it differs from other cells in: the axis, and its value in words. */
  readonly values: Readonly<Record<string, string>>;
  /** Ids of its variants. */
  readonly variants: readonly string[];
  readonly baseline: string | null;
  readonly workload: ScenarioWorkload;
  readonly load: ScenarioLoad;
}

export interface Plan {
  readonly scenario: {
    readonly name: string;
    readonly path: string;
    readonly text: string;
  };
  readonly cluster: ScenarioCluster;
  readonly topology: ScenarioTopology;
  readonly policy: ScenarioPolicy;
  /** Of the first cell, where there are several; `workloadOf` tells a variant's own. */
  readonly workload: ScenarioWorkload;
  /** Of long slices, of the first cell where there are several; `loadOf` tells a variant's own. */
  readonly load: ScenarioLoad;
  /** Empty where there is but one workload. */
  readonly cells: readonly PlannedCell[];
  readonly schedule: Schedule;
  readonly variants: readonly VariantSpec[];
  readonly analysis: PlannedAnalysis;
  /** By id, the variant that differs from it in its point alone; null where none takes part. */
  readonly counterparts: Readonly<Record<string, string | null>>;
  readonly ablation: Ablation | null;
  /** What the run will take, start-up included, as far as it can be known before; seconds. */
  readonly estimatedSeconds: number;
}

/** The cell that a variant is of; null where there is but one workload. */
export function cellOf({ cells }: Pick<Plan, 'cells'>, variant: string): PlannedCell | null {
  return cells.find(({ variants }) => variants.includes(variant)) ?? null;
}

/** What is asked through a variant, and answered. */
export function workloadOf(plan: Pick<Plan, 'cells' | 'workload'>, variant: string): ScenarioWorkload {
  return cellOf(plan, variant)?.workload ?? plan.workload;
}

/** The load of a variant's long slices. */
export function loadOf(plan: Pick<Plan, 'cells' | 'load'>, variant: string): ScenarioLoad {
  return cellOf(plan, variant)?.load ?? plan.load;
}

/** One slice of a block, in the order they are to be run. */
export interface PlannedSlice {
  readonly block: number;
  readonly position: number;
  readonly track: Track;
  readonly variant: string;
  readonly length:
    | {
        readonly type: 'requests';
        readonly requests: number;
        readonly warmupRequests: number;
      }
    | {
        readonly type: 'duration';
        readonly durationMs: number;
        readonly warmupMs: number;
      };
  /** Seed of the slice's arrivals: the same for all variants of the block, so that they see the same schedule. */
  readonly arrivalSeed: number;
}
