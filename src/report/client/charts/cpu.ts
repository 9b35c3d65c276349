/** CPU per request, stacked by where it was spent. */
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import type { ChartData } from '../../chart-data.js';
import { quantity } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base } from './frame.js';

/** A fill of slanted lines, for what is not the data plane's own. */
function hatched(colour: string, paper: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.fillStyle = paper;
  context.fillRect(0, 0, 6, 6);
  context.strokeStyle = colour;
  context.lineWidth = 1.2;
  context.beginPath();
  for (const shift of [-6, 0, 6]) {
    context.moveTo(shift, 6);
    context.lineTo(shift + 6, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}

/** Stacked bars of CPU per request, a bar a variant. */
export function cpuChart(
  bars: NonNullable<ChartData['cpu']>,
  theme: Theme,
): { readonly height: number; readonly config: ChartConfiguration<'bar'> } {
  const part = (
    label: string,
    values: readonly (number | null)[],
    fill: CanvasPattern | string,
    border: string,
  ): ChartDataset<'bar'> => ({
    label,
    data: [...values],
    backgroundColor: fill,
    borderColor: border,
    borderWidth: 1,
    maxBarThickness: 26,
  });
  const has = (values: readonly (number | null)[]) => values.some((value) => value !== null);
  const [user, system] = [seriesColour(theme, 0), seriesColour(theme, 1)];
  return {
    height: 76 + bars.labels.length * 40,
    config: {
      type: 'bar',
      data: {
        labels: [...bars.labels],
        datasets: [
          ...(has(bars.user) ? [part('user', bars.user, user, user)] : []),
          ...(has(bars.system) ? [part('system', bars.system, system, system)] : []),
          ...(has(bars.unsplit)
            ? [part('user and system together', bars.unsplit, theme.soft, theme.soft)]
            : []),
          ...(has(bars.elsewhere)
            ? [part('elsewhere on the machine', bars.elsewhere, hatched(theme.soft, theme.paper), theme.soft)]
            : []),
        ],
      },
      options: {
        ...base(theme),
        indexAxis: 'y',
        layout: { padding: { right: 12 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: {
              label: (item) => `${item.dataset.label ?? ''}: ${quantity(item.parsed.x ?? 0, 'µs')}`,
            },
          },
        },
        scales: {
          x: { ...axis(theme, 'CPU per request, µs'), type: 'linear', stacked: true, beginAtZero: true },
          y: {
            ...axis(theme, ''),
            type: 'category',
            stacked: true,
            grid: { display: false },
            ticks: { color: theme.ink, autoSkip: false },
            title: { display: false },
          },
        },
      },
    },
  };
}
