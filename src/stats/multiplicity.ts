/** Several gated comparisons in one run: what keeps the chance of any false alarm at the level that was asked for. */
import {
  type GateRule,
  isBaseline,
  type MetricName,
  type Pair,
  type PlannedAnalysis,
} from '../record/index.js';
import { normalQuantile } from './special-functions.js';

export interface GatedEffect extends Pair {
  readonly metric: MetricName;
}

/**
 * The effects that gate rules ask for: candidates against the run's baseline, or against `direct`'s place in their
 * own pair where the run has no baseline. Each once, however many rules name it.
 */
export function gatedEffects(planned: PlannedAnalysis): GatedEffect[] {
  const found = new Map<string, GatedEffect>();
  for (const rule of planned.gate) {
    for (const pair of pairsOfRule(rule, planned)) {
      found.set(JSON.stringify([rule.metric, pair.candidate, pair.baseline]), {
        metric: rule.metric,
        ...pair,
      });
    }
  }
  return [...found.values()];
}

/** What a gate asks: each rule of each pair that it judges, in the rules' order. */
export interface GateQuestion extends GatedEffect {
  /** Which of the plan's rules, from 0. */
  readonly rule: number;
  readonly limits: Pick<GateRule, 'maxIncrease' | 'maxDecrease'>;
}

/** Every question of a plan's gate. */
export function gateQuestions(planned: PlannedAnalysis): GateQuestion[] {
  return planned.gate.flatMap((limits, rule) =>
    pairsOfRule(limits, planned).map((pair) => ({ rule, metric: limits.metric, ...pair, limits })),
  );
}

/** The pairs a gate rule judges: those against the run's baseline, or all where it has none. */
export function pairsOfRule(rule: GateRule, planned: PlannedAnalysis): Pair[] {
  return planned.pairs.filter(
    (pair) =>
      (isBaseline(planned, pair.baseline) ||
        (planned.baseline === null && planned.baselines === undefined)) &&
      (rule.variants === null || rule.variants.includes(pair.candidate)),
  );
}

/**
 * Coverage of the intervals of gated effects: 1 − (1 − confidence)/m for m of them (Bonferroni), so that all of them
 * hold together with the confidence asked for. An interval that fails a gate so is also significant by Holm's test.
 */
export function gatedConfidence(planned: PlannedAnalysis): number {
  return 1 - (1 - planned.confidence) / Math.max(1, gatedEffects(planned).length);
}

/**
 * By what factor an interval of a normal estimate must be widened so that `count` of them hold together with the
 * confidence of one (Bonferroni); 1 for one.
 */
export function intervalWidening(confidence: number, count: number): number {
  const tail = (1 - confidence) / 2;
  return normalQuantile(1 - tail / Math.max(1, count)) / normalQuantile(1 - tail);
}

/**
 * Holm's step-down adjustment (Scand. J. Statist. 6, 1979) of p-values; in their order. A null, a comparison that
 * could not be made, counts as a test and stays null.
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const order = pValues
    .map((p, index) => ({ p: p ?? 1, index }))
    .sort((a, b) => a.p - b.p || a.index - b.index);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let floor = 0;
  order.forEach(({ p, index }, rank) => {
    floor = Math.max(floor, Math.min(1, p * (pValues.length - rank)));
    if (pValues[index] !== null) adjusted[index] = floor;
  });
  return adjusted;
}
