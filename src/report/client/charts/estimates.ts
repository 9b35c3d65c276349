/** One figure of each variant: a dot and the interval it lies in, on a scale from nought. */
import type { ChartConfiguration } from 'chart.js';
import type { Estimate, EstimateSeries } from '../../chart-data.js';
import { significant } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base, laneAxis } from './frame.js';
import { whiskers } from './whiskers.js';

const LANE_PX = 34;
/** Room beyond the last interval, as a share of the scale. */
const AIR = 0.06;

/** A lane for each variant, in its own colour. Height in CSS pixels. */
export function estimatesChart(
  series: EstimateSeries,
  theme: Theme,
): { readonly height: number; readonly config: ChartConfiguration<'scatter'> } {
  const { rows, title } = series;
  const colours = rows.map(({ variant }) => seriesColour(theme, variant));
  return {
    height: 84 + rows.length * LANE_PX,
    config: {
      type: 'scatter',
      data: {
        datasets: [
          {
            label: title,
            data: rows.map(({ value }, lane) => ({ x: value, y: lane })),
            pointRadius: 5,
            pointHitRadius: 10,
            pointBackgroundColor: colours,
            pointBorderColor: colours,
          },
        ],
      },
      options: {
        ...base(theme),
        layout: { padding: { right: 12, top: 4 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: { label: ({ dataIndex }) => described(rows[dataIndex]) },
          },
        },
        scales: {
          x: {
            ...axis(theme, title),
            type: 'linear',
            min: 0,
            suggestedMax:
              (1 + AIR) * Math.max(0, ...rows.map(({ value, high }) => Math.max(value, high ?? 0))),
          },
          y: laneAxis(
            theme,
            rows.map(({ label }) => label),
          ),
        },
      },
      plugins: [
        whiskers(
          rows.flatMap(({ variant, low, high }, lane) =>
            low === null || high === null ? [] : [{ low, high, lane, colour: seriesColour(theme, variant) }],
          ),
        ),
      ],
    },
  };
}

function described(row: Estimate | undefined): string {
  if (row === undefined) return '';
  const { label, value, low, high } = row;
  const range = low === null || high === null ? '' : ` (${significant(low)} to ${significant(high)})`;
  return `${label}: ${significant(value)}${range}`;
}
