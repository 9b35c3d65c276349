/** From an interval to a word. */
import {
  type Effect,
  METRICS,
  type MetricName,
  type PlannedAnalysis,
  type Verdict,
} from '../record/index.js';
import type { Comparison } from './comparison.js';

type Judgement = Pick<Effect, 'verdict' | 'reason'>;

/**
 * `equivalent` when the whole interval lies within the margin, else `better` or `worse` when it excludes 1, else
 * `inconclusive`. Where there is no ratio the difference is judged, and then nothing but twice exactly 0 is
 * `equivalent`, because a margin is a share of a baseline.
 */
export function judge(metric: MetricName, comparison: Comparison, margin: number): Judgement {
  const { ratio, difference, reason } = comparison;
  if (ratio.low !== null && ratio.high !== null) {
    if (ratio.low >= 1 / (1 + margin) && ratio.high <= 1 + margin)
      return { verdict: 'equivalent', reason: null };
    if (ratio.low > 1) return { verdict: sideOf(metric, 'higher'), reason: null };
    if (ratio.high < 1) return { verdict: sideOf(metric, 'lower'), reason: null };
    return {
      verdict: 'inconclusive',
      reason: `the interval includes 1 and reaches beyond the margin of ${percent(margin)}`,
    };
  }
  if (difference.low !== null && difference.high !== null) {
    if (difference.low === 0 && difference.high === 0) {
      return { verdict: 'equivalent', reason: 'both are exactly 0' };
    }
    if (difference.low > 0) return { verdict: sideOf(metric, 'higher'), reason };
    if (difference.high < 0) return { verdict: sideOf(metric, 'lower'), reason };
    return {
      verdict: 'inconclusive',
      reason: `${reason ?? 'there is no ratio'}; the difference’s interval includes 0`,
    };
  }
  return { verdict: 'inconclusive', reason };
}

/** Why a metric cannot be judged under this load at all, however sharp its interval; null when it can. */
export function unfairUnder(metric: MetricName, model: PlannedAnalysis['model']): string | null {
  if (model === 'closed' && (metric.startsWith('latency.') || metric === 'cpu.machine_per_request')) {
    return 'in a closed loop each variant sets its own rate, so that this is not equal work: descriptive';
  }
  return model === 'open' && metric === 'throughput'
    ? 'in open load this is the rate that was asked for: descriptive'
    : null;
}

function sideOf(metric: MetricName, direction: 'higher' | 'lower'): Verdict {
  return METRICS[metric].goodness === direction ? 'better' : 'worse';
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
