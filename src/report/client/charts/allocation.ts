/** Allocated bytes per request. */
import type { ChartConfiguration } from 'chart.js';
import type { Bars, ChartData } from '../../chart-data.js';
import { quantity } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base } from './frame.js';

/** Bars of allocated bytes per request. */
export function allocationChart(
  data: ChartData,
  bars: Bars,
  theme: Theme,
): { readonly height: number; readonly config: ChartConfiguration<'bar'> } {
  return {
    height: 76 + bars.values.length * 40,
    config: {
      type: 'bar',
      data: {
        labels: bars.variants.map((variant) => data.variants[variant]?.label ?? ''),
        datasets: [
          {
            label: 'allocated per request',
            data: [...bars.values],
            backgroundColor: bars.variants.map((variant) => seriesColour(theme, variant)),
            maxBarThickness: 26,
          },
        ],
      },
      options: {
        ...base(theme),
        indexAxis: 'y',
        layout: { padding: { right: 12 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: { label: (item) => quantity(item.parsed.x ?? 0, 'bytes') },
          },
        },
        scales: {
          x: {
            ...axis(theme, 'allocated per request'),
            type: 'linear',
            beginAtZero: true,
            ticks: {
              ...axis(theme, '').ticks,
              stepSize: binaryStep(Math.max(...bars.values)),
              callback: (value) => quantity(Number(value), 'bytes'),
            },
          },
          y: {
            ...axis(theme, ''),
            type: 'category',
            grid: { display: false },
            ticks: { color: theme.ink, autoSkip: false },
            title: { display: false },
          },
        },
      },
    },
  };
}

/** A power of two that makes four to eight steps up to `most`, so that ticks are whole KiB. */
function binaryStep(most: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(most / 6)));
}
