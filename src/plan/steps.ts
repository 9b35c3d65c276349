/** Plans of sweeps and searches: a scenario's variants under one rate after another. */
import type { PlannedSteps } from '../record/index.js';
import type { Plan } from './plan.js';
import { streamAt } from './random.js';

export interface StepOptions {
  readonly steps: PlannedSteps;
  readonly durationMs: number;
  readonly warmupMs: number;
  /** Blocks of a sweep, or the most steps of each variant in a search. */
  readonly rounds: number;
  /** Null for as long as a sweep takes, and as much again. */
  readonly budgetMs: number | null;
}

export interface PlannedStep {
  readonly variant: string;
  readonly ratePerSecond: number;
  /** Seed of the step's arrivals: the same for all variants of the round. */
  readonly arrivalSeed: number;
}

/** Rounds that one set of fresh processes serves: a block of a sweep is long, a search's round is one step of each variant. */
const ROUNDS_PER_REPLICA = { sweep: 1, search: 4 } as const;
/** Beside the numbers of the tracks and of standing up. */
const STEP_NUMBER = 5;
/** Reading edges, and awaiting the last answers. */
const PER_STEP_MS = 150;
const START_UP_MS = 3200;
const PER_REPLICA_MS = 900;

export type SteppedPlan =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly string[] };

/** The plan with steps in place of its slices, by loadgen's open loop. Refused where loadgen is not what makes its load. */
export function withSteps(plan: Plan, options: StepOptions): SteppedPlan {
  const { load } = plan;
  if (load.driver !== 'loadgen') {
    return {
      ok: false,
      faults: [
        `rates are driven by loadgen, and the scenario’s driver is ${load.driver}: write \`driver: loadgen\``,
      ],
    };
  }
  if (plan.cells.length > 0) {
    return {
      ok: false,
      faults: [
        'a sweep or search is of one workload, and the scenario’s matrix has several: write the values of one cell into `workload` and leave `matrix` out',
      ],
    };
  }
  const { rounds, durationMs, warmupMs, steps } = options;
  const replicas = Math.ceil(rounds / ROUNDS_PER_REPLICA[steps.type]);
  const variants = plan.variants.length;
  const perRound = steps.type === 'sweep' ? steps.ratesPerSecond.length * variants : variants;
  const estimatedMs =
    START_UP_MS + replicas * PER_REPLICA_MS + rounds * perRound * (durationMs + warmupMs + PER_STEP_MS);
  // Certificates are made for the budget, so that it must end.
  const budgetMs = options.budgetMs ?? 2 * estimatedMs;
  return {
    ok: true,
    plan: {
      ...plan,
      load:
        load.model === 'open'
          ? load
          : {
              ...(load.agents === undefined ? {} : { agents: load.agents }),
              driver: 'loadgen',
              model: 'open',
              ratePerSecond: firstRate(steps),
              arrivals: 'poisson',
            },
      schedule: {
        ...plan.schedule,
        rounds,
        replicas,
        budgetMs,
        micro: null,
        long: null,
        crossCheck: null,
        profiles: null,
        steps: { durationMs, warmupMs },
      },
      analysis: {
        ...plan.analysis,
        pairs: [],
        gate: [],
        model: 'open',
        offeredRatePerSecond: null,
        hasMicro: false,
        hasLong: false,
        rounds,
        replicas,
        steps,
      },
      ablation: null,
      estimatedSeconds: Math.min(estimatedMs, steps.type === 'search' ? budgetMs : estimatedMs) / 1000,
    },
  };
}

function firstRate(steps: PlannedSteps): number {
  return steps.type === 'sweep' ? (steps.ratesPerSecond[0] ?? 1) : steps.startRatePerSecond;
}

/** A round's steps in random order: every rate for every variant, or the rate that is asked of each variant. */
export function planSteps(
  plan: Plan,
  round: number,
  rates: ReadonlyMap<string, readonly number[]>,
): PlannedStep[] {
  const random = streamAt(plan.schedule.seed, round, STEP_NUMBER);
  const arrivalSeed = random.next32();
  const steps = plan.variants.flatMap(({ id }) =>
    (rates.get(id) ?? []).map((ratePerSecond) => ({ variant: id, ratePerSecond, arrivalSeed })),
  );
  return random.shuffled(steps);
}
