/** How sharply gated effects are judged: once at a run's end, or by what a run that may end early is still allowed. */
import type { PlannedAnalysis } from '../record/index.js';
import { gatedConfidence, gateQuestions } from './multiplicity.js';
import { intervalLevel, repeatedP, type SequentialPlan } from './sequential.js';

export interface GatedLevel {
  /** Coverage that a single interval is computed with; 1 where none can be told yet. */
  readonly confidence: number;
  /** A two-sided p-value as it holds however often the run was looked at. */
  readonly pOf: (p: number) => number;
}

/** The looks of a plan whose run may end early; null where it may not, or has nothing to decide. */
export function sequentialPlanOf(planned: PlannedAnalysis): SequentialPlan | null {
  const { looks, confidence } = planned;
  if (looks === undefined || looks.length === 0 || gateQuestions(planned).length === 0) return null;
  return knownPlan(looks, confidence);
}

/** Levels are worked out once for each plan object, so that equal plans are one object. */
const plans = new Map<string, SequentialPlan>();

function knownPlan(looks: readonly number[], confidence: number): SequentialPlan {
  const name = JSON.stringify([looks, confidence]);
  const plan = plans.get(name) ?? { looks, confidence };
  plans.set(name, plan);
  return plan;
}

/**
 * How gated effects are judged over so many sets of fresh processes. Where the run may end early, its intervals are those
 * of the last look that so many allow: all of them hold at all looks together with the planned confidence.
 */
export function gatedLevelOf(planned: PlannedAnalysis, replicas: number): GatedLevel {
  const plan = sequentialPlanOf(planned);
  if (plan === null) return { confidence: gatedConfidence(planned), pOf: (p) => p };
  const look = plan.looks.findLastIndex((at) => at <= replicas);
  if (look < 0) return { confidence: 1, pOf: () => 1 };
  return {
    confidence: 1 - 2 * intervalLevel(plan, look, gateQuestions(planned).length),
    pOf: (p) => repeatedP(plan, look, p),
  };
}
