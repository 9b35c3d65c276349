/** How latency answers to the rate. */
import type { ChartConfiguration } from 'chart.js';
import type { ChartData } from '../../chart-data.js';
import { quantity, significant } from '../../format.js';
import type { Theme } from '../theme.js';
import { axis, base, isRound, type Shown } from './frame.js';
import { variantLine } from './lines.js';

const KNEE_RADIUS = 9;

/** p99 over what was answered, one line for each variant; a diamond where it bends. */
export function ratesChart(data: ChartData, shown: Shown, theme: Theme): ChartConfiguration<'line'> {
  const series = data.rates.filter((own) => shown.variants.has(own.variant));
  return {
    type: 'line',
    data: {
      datasets: series.map((own) => ({
        ...variantLine(data, own, theme, 3),
        pointRadius: own.points.map((_, index) => (index === own.knee ? KNEE_RADIUS : 3)),
        pointStyle: own.points.map((_, index) => (index === own.knee ? 'rectRot' : 'circle')),
      })),
    },
    options: {
      ...base(theme),
      layout: { padding: { right: 12, top: 8 } },
      interaction: { mode: 'nearest', intersect: false },
      plugins: {
        tooltip: {
          ...base(theme).plugins.tooltip,
          callbacks: {
            title: () => '',
            label: (item) =>
              `${item.dataset.label ?? ''}: p99 ${quantity(item.parsed.y ?? 0, 'ms')} at ${significant(item.parsed.x ?? 0)} answers/s`,
          },
        },
      },
      scales: {
        x: { ...axis(theme, 'answered, requests/s'), type: 'linear', beginAtZero: true },
        y: {
          ...axis(theme, 'latency p99'),
          type: 'logarithmic',
          ticks: {
            ...axis(theme, '').ticks,
            maxTicksLimit: 8,
            callback: (value) => (isRound(Number(value)) ? quantity(Number(value), 'ms') : ''),
          },
        },
      },
    },
  };
}
