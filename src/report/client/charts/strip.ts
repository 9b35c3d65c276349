/** The strip of slices: one lane per variant, all with one scale. */
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import type { ChartData, SliceSeries } from '../../chart-data.js';
import { quantity, significant, type Unit } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base, type Shown } from './frame.js';

const POINT_SHAPES = ['circle', 'triangle', 'crossRot'] as const;
const STATES = ['valid', 'suspect', 'failed or invalid'] as const;

/** One lane per variant, all with one scale: drift and outliers beside each other. Height in CSS pixels. */
export function stripChart(
  data: ChartData,
  all: readonly SliceSeries[],
  shown: Shown,
  theme: Theme,
  what: { readonly title: string; readonly unit: Unit },
): { readonly height: number; readonly config: ChartConfiguration<'scatter'> } {
  const lanes = all.filter((series) => shown.variants.has(series.variant) && series.points.length > 0);
  const values = lanes.flatMap((lane) => lane.points.map(([, y]) => y)).sort((a, b) => a - b);
  // One wild slice must not flatten all others: the scale ends a little above the bulk, and what lies beyond is
  // drawn at the edge, with its true value in the tooltip.
  const bulk = values[Math.floor((values.length - 1) * 0.99)] ?? 1;
  const top = Math.min(values.at(-1) ?? 1, bulk * 1.6) * 1.05;
  const datasets: ChartDataset<'scatter'>[] = lanes.map((lane) => ({
    label: data.variants[lane.variant]?.label ?? '',
    yAxisID: `lane${lane.variant}`,
    data: lane.points.map(([x, y]) => ({ x, y: Math.min(y, top) })),
    pointStyle: lane.points.map(([, , state]) => POINT_SHAPES[state]),
    pointRadius: lane.points.map(([, , state]) => (state === 0 ? (lane.points.length > 250 ? 1.6 : 2.6) : 5)),
    pointBorderWidth: lane.points.map(([, , state]) => (state === 2 ? 2 : 1)),
    pointBackgroundColor: seriesColour(theme, lane.variant),
    pointBorderColor: lane.points.map(([, , state]) =>
      state === 0 ? seriesColour(theme, lane.variant) : theme.ink,
    ),
    clip: false as const,
  }));
  // Chart.js stacks lanes from the bottom up.
  const scales = Object.fromEntries(
    [...lanes].reverse().map((lane) => [
      `lane${lane.variant}`,
      {
        ...axis(theme, data.variants[lane.variant]?.label ?? ''),
        title: {
          display: true,
          text: data.variants[lane.variant]?.label ?? '',
          color: theme.ink,
          font: { size: 11 },
        },
        type: 'linear' as const,
        position: 'left' as const,
        stack: 'lanes',
        min: 0,
        max: top,
        ticks: {
          ...axis(theme, '').ticks,
          maxTicksLimit: 3,
          callback: (value: string | number) =>
            Number(value) >= top * 0.999 ? '' : quantity(Number(value), what.unit),
        },
      },
    ]),
  );
  return {
    height: 64 + lanes.length * 92,
    config: {
      type: 'scatter',
      data: { datasets },
      options: {
        ...base(theme),
        layout: { padding: { right: 12, top: 8 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: {
              label: (item) => {
                const [x, y, state] = lanes[item.datasetIndex]?.points[item.dataIndex] ?? [0, 0, 0];
                return `${item.dataset.label ?? ''}, ${significant(x)} s: ${quantity(y, what.unit)} (${STATES[state]})`;
              },
            },
          },
        },
        scales: {
          x: { ...axis(theme, `${what.title}, by seconds since the first slice`), type: 'linear', min: 0 },
          ...scales,
        },
      },
    },
  };
}
