/** A scenario after validation: every default filled in, every quantity in the unit its name carries. */
import type { GateRule } from '../record/index.js';
import type { DeclaredVariant } from '../variants/index.js';

export interface ScenarioWorkload {
  readonly protocol: 'http1' | 'tcp';
  readonly responseBytes: { readonly min: number; readonly max: number };
  readonly connections: number;
  readonly serviceDelayMs: number;
  /** Share of requests answered with 503, in [0, 1). */
  readonly faultRate: number;
  readonly timeoutMs: number;
}

export type ScenarioLoad =
  | { readonly driver: 'loadgen'; readonly model: 'closed' }
  | { readonly driver: 'autocannon'; readonly model: 'closed' }
  | {
      readonly driver: 'loadgen';
      readonly model: 'open';
      readonly ratePerSecond: number;
      readonly arrivals: 'constant' | 'poisson';
    };

export interface ScenarioSlices {
  readonly blocks: number;
  readonly budgetMs: number;
  readonly seed: number;
  /** Null when the scenario leaves it to the plan. */
  readonly replicas: number | null;
  readonly long: { readonly durationMs: number; readonly warmupMs: number } | null;
  readonly micro: {
    readonly requests: number;
    readonly warmupRequests: number;
    readonly perRoundMs: number;
  } | null;
}

export interface ScenarioCrossCheck {
  readonly driver: 'autocannon';
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly everyRounds: number;
}

export interface Scenario {
  readonly name: string;
  readonly description: string | null;
  readonly cluster: { readonly provider: 'local'; readonly keepAwake: 'auto' | 'always' | 'never' };
  readonly topology: { readonly hops: 1 | 2 };
  readonly workload: ScenarioWorkload;
  /** Null only where there are no long slices. */
  readonly load: ScenarioLoad | null;
  readonly slices: ScenarioSlices;
  readonly crossCheck: ScenarioCrossCheck | null;
  /** Coverage of every interval: 0.99. */
  readonly confidence: number;
  /** Equivalence margin as a fraction. */
  readonly margin: number;
  readonly variants: readonly DeclaredVariant[];
  readonly baseline: string | null;
  readonly compare: readonly { readonly candidate: string; readonly baseline: string }[];
  readonly gate: readonly GateRule[];
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
