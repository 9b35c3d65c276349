/**
 * What one run alone cannot tell and fresh processes shall: a gate in two stages, each with an error of its own.
 *
 * A gate may fail on no change with half of 1 − confidence. A confirmation errs with 5 % on that side and is made only where
 * the run suspects something, so the run may suspect as often as makes the product of both what was asked for: with 10 % where
 * the confidence is 99 %. To ask all of the run alone, and then to confirm, would be twenty times as strict as was asked, and lets
 * most regressions go that are as large as what a run can just see. Two independent stages with levels that multiply: Bauer
 * and Köhne 1994, "Evaluation of experiments with adaptive interim analyses" (Biometrics 50), with a rectangle for their
 * product. Several questions share the run's level (Bonferroni), so that any is suspected of nothing no more often; the
 * confirmation's own error is shared among those it is asked.
 */
import {
  CONFIRMATION_CONFIDENCE,
  type Effect,
  type GateRule,
  type PlannedAnalysis,
} from '../record/index.js';
import { gateQuestions } from './multiplicity.js';
import { limitOf, towardsWorse, upperP } from './question.js';

/** From there on whatever points the wrong way is suspected, and a confirmation alone decides. */
const MOST = 0.5;

/** The one-sided level at which a run of this confidence suspects each of so many questions. */
export function suspicionLevel(confidence: number, questions: number): number {
  const failing = (1 - confidence) / 2;
  const confirming = (1 - Math.min(confidence, CONFIRMATION_CONFIDENCE)) / 2;
  return Math.min(MOST, failing / confirming) / Math.max(1, questions);
}

/** Whether a gated effect makes it likely that the rule's limit is passed; false where it has no estimate. */
export function isSuspected(planned: PlannedAnalysis, rule: GateRule, effect: Effect): boolean {
  const { estimate, metric } = effect;
  if (estimate === undefined) return false;
  const question = { metric, limits: rule };
  const level = suspicionLevel(planned.confidence, gateQuestions(planned).length);
  return upperP(towardsWorse(question, estimate), limitOf(question, estimate)) <= level;
}
