/** The latency percentile curve. */
import type { ChartConfiguration } from 'chart.js';
import type { ChartData } from '../../chart-data.js';
import { fixed, quantity } from '../../format.js';
import { endLabels } from '../end-labels.js';
import { seriesColour, seriesDash, type Theme } from '../theme.js';
import { intervalBands } from './bands.js';
import { axis, base, isRound, type Shown } from './frame.js';

const TAIL_TICKS = [1, 2, 4, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const NARROW_TAIL_TICKS = [2, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/** 1/(1−q) as the percentile it stands for: 100 is "99 %". */
function percentile(tail: number): string {
  const q = 100 * (1 - 1 / tail);
  const decimals = tail < 1000 ? (Number.isInteger(q) ? 0 : 1) : Math.ceil(Math.log10(tail)) - 2;
  return `${fixed(q, decimals)}\u00a0%`;
}

/** Latency by percentile with the tail stretched: 90 %, 99 % and 99.9 % are equally far apart. */
export function latencyChart(
  data: ChartData,
  shown: Shown,
  theme: Theme,
  wide: boolean,
): ChartConfiguration<'line'> {
  const curves = data.latency.filter(
    (curve) => shown.variants.has(curve.variant) && (curve.kind === 'intended' || shown.sendTime),
  );
  const most = Math.max(0, ...curves.flatMap((curve) => curve.points.map(([, y]) => y)));
  const least = Math.min(
    ...curves.flatMap((curve) => curve.points.filter(([x]) => x >= 2).map(([, y]) => y)),
    most,
  );
  const tail = Math.max(10, ...curves.flatMap((curve) => curve.points.map(([x]) => x)));
  const labelled = wide && curves.length <= 12;
  return {
    type: 'line',
    data: {
      datasets: curves.map((curve) => ({
        label: `${data.variants[curve.variant]?.label ?? ''}${curve.kind === 'sent' ? ' (send time)' : ''}`,
        data: curve.points.map(([x, y]) => ({ x, y })),
        borderColor: seriesColour(theme, curve.variant),
        borderDash: curve.kind === 'sent' ? [1, 4] : seriesDash(curve.variant),
        borderWidth: curve.kind === 'sent' ? 1.5 : 2.25,
        pointRadius: 0,
        pointHitRadius: 8,
        cubicInterpolationMode: 'monotone' as const,
      })),
    },
    options: {
      ...base(theme),
      layout: { padding: { right: labelled ? 130 : 8, top: 8 } },
      interaction: { mode: 'nearest', intersect: false },
      plugins: {
        tooltip: {
          ...base(theme).plugins.tooltip,
          callbacks: {
            title: (items) => percentile(items[0]?.parsed.x ?? 1),
            label: (item) => `${item.dataset.label ?? ''}: ${quantity(item.parsed.y ?? 0, 'ms')}`,
          },
        },
      },
      scales: {
        x: {
          ...axis(theme, 'share of requests that were faster'),
          type: 'logarithmic',
          min: 1,
          max: tail,
          afterBuildTicks: (scale) => {
            scale.ticks = (wide ? TAIL_TICKS : NARROW_TAIL_TICKS)
              .filter((value) => value <= tail * 1.001)
              .map((value) => ({ value }));
          },
          ticks: {
            ...axis(theme, '').ticks,
            autoSkip: false,
            callback: (value) => percentile(Number(value)),
          },
        },
        y: {
          ...axis(theme, 'latency'),
          type: most > 25 * least ? 'logarithmic' : 'linear',
          ...(most > 25 * least ? {} : { beginAtZero: true }),
          ticks: {
            ...axis(theme, '').ticks,
            callback: (value) =>
              most > 25 * least && !isRound(Number(value)) ? '' : quantity(Number(value), 'ms'),
          },
        },
      },
    },
    plugins: [intervalBands(curves), endLabels(labelled)],
  };
}
