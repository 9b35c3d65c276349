/** One figure of each variant: a dot and the interval it lies in, on a scale from nought. */
import type { Chart, ChartConfiguration, Plugin } from 'chart.js';
import type { Estimate, EstimateSeries } from '../../chart-data.js';
import { significant } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base } from './frame.js';

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
          y: {
            ...axis(theme, ''),
            type: 'linear',
            reverse: true,
            min: -0.5,
            max: rows.length - 0.5,
            grid: { display: false },
            afterBuildTicks: (scale) => {
              scale.ticks = rows.map((_, lane) => ({ value: lane }));
            },
            ticks: {
              color: theme.ink,
              autoSkip: false,
              callback: (value) => rows[Number(value)]?.label ?? '',
            },
            title: { display: false },
          },
        },
      },
      plugins: [intervals(rows, colours)],
    },
  };
}

function described(row: Estimate | undefined): string {
  if (row === undefined) return '';
  const { label, value, low, high } = row;
  const range = low === null || high === null ? '' : ` (${significant(low)} to ${significant(high)})`;
  return `${label}: ${significant(value)}${range}`;
}

/** Draws each interval as a line behind its dot. */
function intervals(rows: readonly Estimate[], colours: readonly string[]): Plugin<'scatter'> {
  return {
    id: 'intervals',
    beforeDatasetsDraw(chart: Chart) {
      const { ctx } = chart;
      const { x, y } = chart.scales;
      if (x === undefined || y === undefined) return;
      ctx.save();
      ctx.lineWidth = 2.5;
      ctx.lineCap = 'round';
      rows.forEach(({ low, high }, lane) => {
        if (low === null || high === null) return;
        ctx.strokeStyle = colours[lane] ?? '';
        ctx.beginPath();
        ctx.moveTo(x.getPixelForValue(low), y.getPixelForValue(lane));
        ctx.lineTo(x.getPixelForValue(high), y.getPixelForValue(lane));
        ctx.stroke();
      });
      ctx.restore();
    },
  };
}
