/** JSON for github-action-benchmark (https://github.com/benchmark-action/github-action-benchmark). */
import { type Goodness, METRICS, type RunRecord } from '../../record/index.js';
import { visibleText } from '../html.js';
import { decidingFigures } from './figures.js';

/**
 * The metrics that are better one way, for the tool `customSmallerIsBetter` or `customBiggerIsBetter`, which cannot take both
 * in one file: a list of `{name, unit, value, range, extra}`. The range is half the width of the run's own interval.
 */
export function renderGithubBenchmark(run: RunRecord, better: Goodness): string {
  const entries = decidingFigures(run)
    .filter(({ metric }) => METRICS[metric].goodness === better)
    .map(({ variant, metric, value, low, high }) => ({
      name: visibleText(`${run.scenario.name}: ${variant}, ${METRICS[metric].label}`),
      unit: METRICS[metric].unit,
      value,
      ...(low === null || high === null ? {} : { range: `± ${Number(((high - low) / 2).toPrecision(3))}` }),
      extra: visibleText(`${metric}; run ${run.runId}, seed ${run.seed}, machine ${run.machine.fingerprint}`),
    }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
