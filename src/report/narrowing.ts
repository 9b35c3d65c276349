/** How the interval of each question of the gate narrowed from look to look. */
import { type GateRule, type LookFinding, METRICS, type RunRecord } from '../record/index.js';
import type { NarrowingSeries } from './chart-data.js';
import { changeInterval, differenceInterval, rounded } from './format.js';
import { shortened } from './html.js';

/** One question of the gate over all looks at the run. */
export interface Narrowing {
  /** The chart's id in the page. */
  readonly chart: string;
  readonly limits: GateRule | undefined;
  readonly findings: readonly (LookFinding & { readonly replicas: number })[];
}

/** The questions in the gate's order; empty where the run could not end early. */
export function narrowingsOf(run: RunRecord): Narrowing[] {
  const looks = run.analysis?.looks ?? [];
  return (looks[0]?.findings ?? []).map((first, index) => ({
    chart: `narrowing-${index}`,
    limits: run.planned.gate[first.rule],
    findings: looks.flatMap(({ replicas, findings }) => {
      const own = findings[index];
      return own === undefined ? [] : [{ ...own, replicas }];
    }),
  }));
}

/** More charts than this are a wall; the table has the rest. */
const MOST_CHARTS = 6;

/** What the charts draw: changes as ratios. A question without a single interval of a ratio has none. */
export function narrowingSeries(run: RunRecord): NarrowingSeries[] {
  return narrowingsOf(run)
    .flatMap(({ chart, limits, findings }): NarrowingSeries[] => {
      const [first] = findings;
      const points = findings.flatMap(({ replicas, scale, value, low, high }) =>
        scale === 'ratio' && value !== null && low !== null && high !== null && low > 0
          ? [[replicas, rounded(value), rounded(low), rounded(high)] as const]
          : [],
      );
      if (first === undefined || points.length === 0) return [];
      return [
        {
          chart,
          title: `${METRICS[first.metric].label}, ${shortened(first.candidate, 24)} / ${shortened(first.baseline, 24)}`,
          limit: limitRatio(limits),
          margin: run.planned.margin,
          points,
        },
      ];
    })
    .slice(0, MOST_CHARTS);
}

/** Value and interval in words; null where a look had none. */
export function findingText({ scale, metric, value, low, high }: LookFinding): {
  readonly value: string;
  readonly range: string;
} | null {
  if (value === null || low === null || high === null) return null;
  const text =
    scale === 'ratio'
      ? changeInterval(value, low, high)
      : differenceInterval(value, low, high, METRICS[metric].unit);
  return { value: text.value, range: `${text.low} to ${text.high}` };
}

function limitRatio(limits: GateRule | undefined): number | null {
  if (limits === undefined) return null;
  return limits.maxIncrease === null ? 1 - (limits.maxDecrease ?? 0) : 1 + limits.maxIncrease;
}
