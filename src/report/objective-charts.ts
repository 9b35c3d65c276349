/** What a search for the highest rate within an objective found, as charts: how much each variant carries, and at what cost. */
import type { RunRecord, SloResult } from '../record/index.js';
import type { Estimate, EstimateSeries } from './chart-data.js';
import { rounded } from './format.js';
import { shortened } from './html.js';

/** The charts' ids in the page. */
export const OBJECTIVE_CHARTS = { limit: 'objective-limit', cores: 'objective-cores' } as const;

type Found = Pick<Estimate, 'value' | 'low' | 'high'>;

/** Two charts of a search; a variant of which a figure is not known is left out of that figure's chart. */
export function objectiveEstimates(run: RunRecord): readonly EstimateSeries[] {
  const results = run.analysis?.sloResults ?? [];
  const rowsOf = (figureOf: (result: SloResult) => Found | null): readonly Estimate[] =>
    results.flatMap((result) => {
      const variant = run.variants.findIndex(({ id }) => id === result.variant);
      const found = figureOf(result);
      if (variant < 0 || found === null) return [];
      const bound = (value: number | null) => (value === null ? null : rounded(value));
      return [
        {
          variant,
          label: shortened(result.variant, 24),
          value: rounded(found.value),
          low: bound(found.low),
          high: bound(found.high),
        },
      ];
    });
  return [
    {
      chart: OBJECTIVE_CHARTS.limit,
      title: 'requests/s within the objective',
      rows: rowsOf(({ ratePerSecond, low, high }) =>
        ratePerSecond === null ? null : { value: ratePerSecond, low, high },
      ),
    },
    {
      chart: OBJECTIVE_CHARTS.cores,
      title: 'cores per 1,000 requests/s',
      rows: rowsOf(({ coresPerThousand }) => coresPerThousand),
    },
  ].filter(({ rows }) => rows.length > 0);
}
