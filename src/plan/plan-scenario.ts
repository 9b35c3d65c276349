/** A validated scenario made concrete: what stands, what is sent, how often, and what will be compared. */
import type { PlannedAnalysis } from '../record/index.js';
import {
  measuredPerRoundMs,
  mendUnknown,
  type Scenario,
  type ScenarioLoad,
  SHORTEST_BATCH_MS,
} from '../scenario/index.js';
import type { VariantSpec } from '../variants/index.js';
import { type Against, besideTheirBases } from './against.js';
import { ablationOf, cellPlans, gateOver } from './cells.js';
import { confirmationFaults, FEWEST_REPLICAS } from './confirmation.js';
import { clusterMs, estimateMs, roundsThatFit } from './estimate.js';
import type { Plan, Schedule } from './plan.js';
import { whyNotProfiled } from './profiles.js';

/** What the command line puts in place of the scenario's own. */
export interface PlanOverrides {
  readonly seed?: number;
  readonly blocks?: number;
  /** Length of long slices. */
  readonly sliceMs?: number;
  /** False for a run that goes on to its end whatever its gate says. */
  readonly earlyStop?: boolean;
  /** False for a gate that fails without running a regression again. */
  readonly confirm?: boolean;
  /** Ids of the variants to measure; the baseline is always kept. */
  readonly variants?: readonly string[];
  /** Compares each variant that is built from the scenario's repository with itself as another commit has it. */
  readonly against?: Against;
}

export interface PlanSource {
  readonly path: string;
  readonly text: string;
  readonly overrides?: PlanOverrides;
}

export type PlannedScenario =
  | { readonly ok: true; readonly plan: Plan }
  /** One sentence each; never empty. */
  | { readonly ok: false; readonly faults: readonly string[] };

/** Fresh starts beyond this number add little to an interval and much to the run. */
const USUAL_REPLICAS = 12;
/** Slice lengths vary by so much either way, so that slices do not fall into step with GC or timers. */
const JITTER = 0.3;

/** The plan of a scenario, or why there can be none. Pure: the same arguments give the same plan. */
export function planScenario(written: Scenario, source: PlanSource): PlannedScenario {
  const overrides = source.overrides ?? {};
  const { against } = overrides;
  const faults = [...overrideFaults(written, overrides)];
  const compared =
    against === undefined
      ? { scenario: written, faults: [] }
      : besideTheirBases(written, overrides.variants, against);
  faults.push(...compared.faults);
  const { scenario } = compared;
  const declared = variantsTakingPart(scenario, against === undefined ? overrides.variants : []);
  const cells = cellPlans(scenario, declared);
  const variants = cells.flatMap((cell) => cell.variants);
  const schedule = scheduleOf(scenario, overrides, variants);
  if (faults.length > 0) return { ok: false, faults };

  faults.push(...scheduleFaults(schedule, variants.length));
  if (scenario.gate.length > 0 && schedule.rounds >= FEWEST_REPLICAS) {
    faults.push(...confirmationFaults(schedule, variants.length));
  }
  const [first] = cells;
  if (faults.length > 0 || first === undefined) return { ok: false, faults };

  const { workload, load } = first;
  const several = scenario.cells.length > 0;
  const open = schedule.long !== null && load.model === 'open';
  const rates = new Set(cells.flatMap((cell) => (cell.load.model === 'open' ? [meanRate(cell.load)] : [])));
  const [rate = null] = rates;
  return {
    ok: true,
    plan: {
      scenario: { name: scenario.name, path: source.path, text: source.text },
      cluster: scenario.cluster,
      topology: scenario.topology,
      policy: scenario.policy,
      workload,
      load,
      cells: cells.flatMap(({ cell, variants: own, ...rest }) =>
        cell === null
          ? []
          : [
              {
                id: cell.id,
                values: cell.values,
                variants: own.map(({ id }) => id),
                baseline: rest.baseline,
                workload: rest.workload,
                load: rest.load,
              },
            ],
      ),
      schedule,
      variants,
      analysis: {
        baseline: several ? null : first.baseline,
        ...(several && scenario.baseline !== null
          ? { baselines: cells.flatMap(({ baseline }) => baseline ?? []) }
          : {}),
        ...(against === undefined ? {} : { baselines: basesOf(variants) }),
        pairs: cells.flatMap(({ pairs }) => pairs),
        confidence: scenario.confidence,
        margin: scenario.margin,
        gate: gateOver(cells),
        model: open ? 'open' : 'closed',
        offeredRatePerSecond: open && rates.size === 1 ? rate : null,
        hasMicro: schedule.micro !== null,
        hasLong: schedule.long !== null,
        rounds: schedule.rounds,
        replicas: schedule.replicas,
        ...looksOf(scenario, overrides, schedule.replicas),
        ...offloadCeilingOf(scenario, variants),
      },
      counterparts: Object.fromEntries(cells.flatMap(({ counterparts }) => Object.entries(counterparts))),
      ablation: ablationOf(scenario, declared),
      estimatedSeconds:
        (estimateMs(schedule, variants.length) + clusterMs(scenario.cluster.provider, schedule)) / 1000,
    },
  };
}

/** After which sets of fresh processes the run may end; a look that is the only one ends nothing early. */
function looksOf(
  { gate, slices }: Scenario,
  overrides: PlanOverrides,
  replicas: number,
): Pick<PlannedAnalysis, 'looks'> {
  if (gate.length === 0 || !(overrides.earlyStop ?? slices.earlyStop) || replicas <= FEWEST_REPLICAS)
    return {};
  return {
    looks: Array.from({ length: replicas - FEWEST_REPLICAS + 1 }, (_, index) => FEWEST_REPLICAS + index),
  };
}

/** The variants that others are compared with where each is compared with another version of itself. */
function basesOf(variants: readonly VariantSpec[]): string[] {
  return variants.filter(({ build }) => build?.version === 'base').map(({ id }) => id);
}

/** Requests per second over a whole slice. */
function meanRate(load: Extract<ScenarioLoad, { model: 'open' }>): number {
  return load.arrivals === 'ramp' ? (load.fromRatePerSecond + load.ratePerSecond) / 2 : load.ratePerSecond;
}

function variantsTakingPart(scenario: Scenario, wanted: readonly string[] | undefined): Scenario['variants'] {
  if (wanted === undefined || wanted.length === 0) return scenario.variants;
  return scenario.variants.filter(({ id }) => wanted.includes(id) || id === scenario.baseline);
}

function* overrideFaults(scenario: Scenario, overrides: PlanOverrides): Generator<string> {
  const { seed, blocks, sliceMs, variants } = overrides;
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    yield `the seed must be a whole number from 0 to ${2 ** 32 - 1}, not ${seed}`;
  }
  if (blocks !== undefined && !(Number.isInteger(blocks) && blocks >= 1 && blocks <= 1000)) {
    yield `the number of blocks must be a whole number from 1 to 1000, not ${blocks}`;
  }
  if (sliceMs !== undefined && scenario.slices.long === null) {
    yield 'the scenario has no long slices whose length could be changed; leave the slice length out, or add `slices.duration`';
  } else if (sliceMs !== undefined && !(sliceMs >= 1000 && sliceMs <= 600_000)) {
    yield `a long slice must last from 1 s to 600 s, not ${seconds(sliceMs)}: a latency percentile needs a steady state`;
  }
  const ids = scenario.variants.map(({ id }) => id);
  for (const id of variants ?? []) {
    if (!ids.includes(id)) yield `the scenario has no variant \`${id}\`${mendUnknown(id, ids)}`;
  }
}

/** What the analysis is told of the profiles; nothing where there are none. */
function offloadCeilingOf(
  { offloadCeiling }: Scenario,
  variants: readonly VariantSpec[],
): Pick<PlannedAnalysis, 'offloadCeiling'> {
  if (offloadCeiling === null) return {};
  const leftOut = variants.flatMap((variant) => {
    const reason = whyNotProfiled(variant);
    return reason === null ? [] : [[variant.id, reason] as const];
  });
  return {
    offloadCeiling: { seconds: offloadCeiling.durationMs / 1000, leftOut: Object.fromEntries(leftOut) },
  };
}

function scheduleOf(
  scenario: Scenario,
  overrides: PlanOverrides,
  variants: readonly VariantSpec[],
): Schedule {
  const { slices, crossCheck, offloadCeiling } = scenario;
  const rounds = overrides.blocks ?? slices.blocks;
  const wanted = slices.replicas ?? USUAL_REPLICAS;
  return {
    seed: overrides.seed ?? slices.seed,
    rounds,
    // The scenario's own number is held against its own blocks; fewer blocks by an override take fewer replicas along.
    replicas: overrides.blocks === undefined && slices.replicas !== null ? wanted : Math.min(rounds, wanted),
    budgetMs: slices.budgetMs,
    confirmBudgetMs: overrides.confirm === false ? 0 : slices.budgetMs * slices.confirmShare,
    micro: slices.micro,
    long:
      slices.long === null
        ? null
        : {
            durationMs: overrides.sliceMs ?? slices.long.durationMs,
            warmupMs: slices.long.warmupMs,
            blocksPerRound: 1,
          },
    crossCheck,
    profiles:
      offloadCeiling === null
        ? null
        : {
            durationMs: offloadCeiling.durationMs,
            variants: variants.filter((one) => whyNotProfiled(one) === null).map(({ id }) => id),
          },
    jitter: JITTER,
  };
}

function* scheduleFaults(schedule: Schedule, variantCount: number): Generator<string> {
  const { rounds, replicas, budgetMs } = schedule;
  if (replicas > rounds)
    yield `${replicas} replicas do not fit ${rounds} blocks: each must serve one; lower \`slices.replicas\``;
  if (replicas < Math.min(FEWEST_REPLICAS, rounds)) {
    yield `${replicas} replicas are too few: the luck of one start of a process is part of the noise; use at least ${Math.min(FEWEST_REPLICAS, rounds)}`;
  }
  const measuredMs = measuredPerRoundMs(schedule, variantCount);
  if (measuredMs < SHORTEST_BATCH_MS) {
    yield `a round would measure for only ${seconds(measuredMs)} with ${variantCount} ${variantCount === 1 ? 'variant' : 'variants'}; intervals need batches of at least ${seconds(SHORTEST_BATCH_MS)}: make the slices longer`;
  }
  const neededMs = estimateMs(schedule, variantCount);
  if (neededMs > budgetMs) {
    const fits = roundsThatFit(schedule, variantCount);
    const needed = Math.ceil(neededMs / 1000);
    const mend =
      fits > 0
        ? `\`blocks: ${fits}\` ${fits < replicas ? `with \`replicas: ${fits}\` ` : ''}fits, and so does \`budget: ${needed}s\``
        : `not even one block fits; use \`budget: ${needed}s\`, fewer variants or shorter slices`;
    yield `the plan needs about ${needed} s, and its budget is ${seconds(budgetMs)}; ${mend}`;
  }
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}
