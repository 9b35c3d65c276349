/** The effects by which a variant with many options is taken apart: one factor off it, and one factor alone. */
import type { Effect, MetricName, RunRecord } from '../record/index.js';

export interface AblationRow {
  readonly factor: string;
  /** The whole without the factor, against the whole. */
  readonly off: Effect | undefined;
  /** The factor alone, against the variant without any. */
  readonly on: Effect | undefined;
}

export interface AblationTable {
  readonly metric: AblationMetric;
  readonly rows: readonly AblationRow[];
}

export type AblationMetric = (typeof ABLATION_METRICS)[number];

/** What a factor is asked for: the cost that every variant has, and the tail that a user feels. */
const ABLATION_METRICS = ['cpu.per_request', 'latency.p99'] as const satisfies readonly MetricName[];

/** The chart of a metric in the page, by the metric. */
export const ABLATION_CHARTS = {
  'cpu.per_request': 'ablation-cpu',
  'latency.p99': 'ablation-latency',
} as const;

/** One table per metric that any of the factors was compared in; empty when the run takes no variant apart. */
export function ablationTables(run: RunRecord): readonly AblationTable[] {
  const { ablation } = run;
  if (ablation === null || ablation === undefined) return [];
  const effects = run.analysis?.effects ?? [];
  return ABLATION_METRICS.map((metric) => {
    const find = (candidate: string, baseline: string) =>
      effects.find(
        (effect) =>
          effect.metric === metric && effect.candidate === candidate && effect.baseline === baseline,
      );
    return {
      metric,
      rows: ablation.factors.map(({ name, off, on }) => ({
        factor: name,
        off: find(off, ablation.to),
        on: find(on, ablation.from),
      })),
    };
  }).filter(({ rows }) => rows.some(({ off, on }) => off !== undefined || on !== undefined));
}
