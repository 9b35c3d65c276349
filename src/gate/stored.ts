/** A scenario's gate held against figures that were measured at another time. */
import {
  type GateResult,
  type GateRule,
  isBaseline,
  type Level,
  METRICS,
  type PlannedAnalysis,
} from '../record/index.js';
import { compareLevels, intervalWidening } from '../stats/index.js';
import {
  belowFloor,
  byRatio,
  type CalibrationFloor,
  digits,
  explain,
  limitOf,
  share,
  undecided,
} from './evaluate.js';

/**
 * One result for each rule and each variant it names, of the variant's own figure now over the one that was stored,
 * `stored` in words. Intervals are widened so that those of all results hold together (Bonferroni), and hold what both runs
 * did not know; what the machine did between them is in none. A figure that either run lacks decides nothing.
 */
export function evaluateAgainstStored(
  planned: PlannedAnalysis,
  before: readonly Level[],
  after: readonly Level[],
  stored: string,
  floor: CalibrationFloor = {},
): GateResult[] {
  const asked = planned.gate.flatMap((rule) =>
    variantsOf(rule, planned).map((candidate) => ({ rule, candidate })),
  );
  const widening = intervalWidening(planned.confidence, asked.length);
  const coverage = share(1 - (1 - planned.confidence) / Math.max(1, asked.length));
  const rows = compareLevels(deciding(before), deciding(after));
  return asked.map(({ rule, candidate }): GateResult => {
    const row = rows.find((one) => one.variant === candidate && one.metric === rule.metric);
    const common = { metric: rule.metric, candidate, baseline: stored, limit: limitOf(rule) };
    if (row === undefined || row.low === null || row.high === null) {
      const missing =
        row === undefined ? 'one of the runs has no such figure' : 'one of them has no interval';
      return { ...common, ...undecided(missing) };
    }
    const low = row.ratio * (row.low / row.ratio) ** widening;
    const high = row.ratio * (row.high / row.ratio) ** widening;
    const { unit } = METRICS[rule.metric];
    const figures = `${digits(row.after)} ${unit} now, ${digits(row.before)} ${unit} stored`;
    const interval = `× ${digits(row.ratio)} (${figures}), ${coverage} interval ${digits(low)} to ${digits(high)}`;
    const outcome = byRatio(rule, low, high);
    return {
      ...common,
      ...(belowFloor(rule, outcome, row.ratio, floor[rule.metric]) ??
        explain(outcome, outcome, interval, limitOf(rule))),
    };
  });
}

/** Those that a rule names; where it names none, every one that has a baseline. */
function variantsOf({ variants }: GateRule, planned: PlannedAnalysis): readonly string[] {
  if (variants !== null) return variants;
  const candidates = planned.pairs.filter(({ baseline }) => isBaseline(planned, baseline));
  return [...new Set(candidates.map(({ candidate }) => candidate))];
}

/** The first level of each variant and metric is that of the track that decides. */
function deciding(levels: readonly Level[]): Level[] {
  const seen = new Set<string>();
  return levels.filter(({ variant, metric, track, value }) => {
    const key = JSON.stringify([variant, metric]);
    if (value === null || track === 'cross-check' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
