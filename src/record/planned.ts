/** The part of a plan that the analysis needs, as the record keeps it. */
import { z } from 'zod';
import { plannedClinic } from './clinic.js';
import { METRIC_NAMES, type MetricName } from './metrics.js';
import { plannedOffloadCeiling } from './profiles.js';
import { plannedStacks } from './stacks.js';
import { plannedSteps } from './steps.js';

export const metricName = z.enum(METRIC_NAMES as [MetricName, ...MetricName[]]);

/** A gate rule. Exactly one of the two limits is a number; both are fractions (0.05 is 5 %). */
export const gateRule = z.object({
  metric: metricName,
  maxIncrease: z.number().nonnegative().nullable(),
  maxDecrease: z.number().nonnegative().nullable(),
  /** Variants the rule holds for; null means every variant compared with the baseline. */
  variants: z.array(z.string()).nullable(),
});
export type GateRule = z.infer<typeof gateRule>;

export const pair = z.object({ candidate: z.string(), baseline: z.string() });
export type Pair = z.infer<typeof pair>;

/** What the analysis needs to know of the plan. */
export const plannedAnalysis = z.object({
  baseline: z.string().nullable(),
  /** The baseline of each cell, where the run has several and `baseline` is null. */
  baselines: z.array(z.string()).optional(),
  /** Every pair whose effects are computed: against the baseline, against `direct`, and the scenario's own. */
  pairs: z.array(pair),
  /** Coverage of every interval, for example 0.99. */
  confidence: z.number().gt(0.5).lt(1),
  /** Equivalence margin as a fraction: a ratio within [1/(1+margin), 1+margin] does not matter. */
  margin: z.number().gt(0),
  gate: z.array(gateRule),
  model: z.enum(['open', 'closed']),
  offeredRatePerSecond: z.number().nullable(),
  hasMicro: z.boolean(),
  hasLong: z.boolean(),
  rounds: z.int().positive(),
  replicas: z.int().positive(),
  /** After how many sets of fresh processes the run may end because its gate is decided; absent where it may not. */
  looks: z.array(z.int().positive()).optional(),
  /** Absent where the scenario asks for no bound on what offloading could save. */
  offloadCeiling: plannedOffloadCeiling.optional(),
  /** Absent where the run is neither a sweep nor a search; else it has nothing but steps. */
  steps: plannedSteps.optional(),
  /** Absent unless the run took profiles and nothing else. */
  stacks: plannedStacks.optional(),
  /** Absent unless a profile run had clinic look at processes of Node.js. */
  clinic: plannedClinic.optional(),
});
export type PlannedAnalysis = z.infer<typeof plannedAnalysis>;

/** Whether a variant is what others are measured against: the run's baseline, or that of its cell. */
export function isBaseline(
  { baseline, baselines }: Pick<PlannedAnalysis, 'baseline' | 'baselines'>,
  variant: string,
): boolean {
  return variant === baseline || baselines?.includes(variant) === true;
}
