/** How long the collector's pauses are. */
import type { ChartConfiguration } from 'chart.js';
import type { ChartData } from '../../chart-data.js';
import { quantity, significant } from '../../format.js';
import type { Theme } from '../theme.js';
import { axis, base, isRound, type Shown } from './frame.js';
import { variantLine } from './lines.js';

/** How many pauses of a thousand collections last at least so long. */
export function pauseChart(data: ChartData, shown: Shown, theme: Theme): ChartConfiguration<'line'> {
  const series = data.pauses.filter((own) => shown.variants.has(own.variant) && own.points.length > 0);
  return {
    type: 'line',
    data: {
      datasets: series.map((own) => ({
        ...variantLine(data, own, theme, own.points.length < 4 ? 4 : 0),
        stepped: 'before' as const,
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
              `${item.dataset.label ?? ''}: ${significant(item.parsed.y ?? 0)} pauses of ${quantity(item.parsed.x ?? 0, 'µs')} or longer per 1,000 collections`,
          },
        },
      },
      scales: {
        x: {
          ...axis(theme, 'pause'),
          type: 'logarithmic',
          ticks: {
            ...axis(theme, '').ticks,
            maxTicksLimit: 6,
            callback: (value) => (isRound(Number(value)) ? quantity(Number(value), 'µs') : ''),
          },
        },
        y: { ...axis(theme, 'at least so long, per 1,000 collections'), type: 'linear', beginAtZero: true },
      },
    },
  };
}
