/** Bencher Metric Format (https://bencher.dev/docs/reference/bencher-metric-format/). */
import type { RunRecord } from '../../record/index.js';
import { visibleText } from '../html.js';
import { decidingFigures } from './figures.js';

interface BencherMetric {
  readonly value: number;
  readonly lower_value?: number;
  readonly upper_value?: number;
}

/**
 * JSON of benchmarks, `SCENARIO/VARIANT`, of measures by slug, such as `cpu-per-request`, in the metrics' own units. The ends are
 * those of the run's own intervals.
 */
export function renderBencher(run: RunRecord): string {
  const benchmarks = new Map<string, Record<string, BencherMetric>>();
  for (const { variant, metric, value, low, high } of decidingFigures(run)) {
    const name = visibleText(`${run.scenario.name}/${variant}`);
    const measures = benchmarks.get(name) ?? {};
    measures[metric.replaceAll(/[._]/g, '-')] = {
      value,
      ...(low === null ? {} : { lower_value: low }),
      ...(high === null ? {} : { upper_value: high }),
    };
    benchmarks.set(name, measures);
  }
  return `${JSON.stringify(Object.fromEntries(benchmarks), null, 2)}\n`;
}
