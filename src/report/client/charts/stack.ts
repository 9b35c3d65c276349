/** Stacked horizontal bars, a bar a variant: what CPU per request and the time of a request are made of. */
import type { ChartConfiguration } from 'chart.js';
import { quantity, type Unit } from '../../format.js';
import type { Theme } from '../theme.js';
import { axis, base } from './frame.js';
import { hatched } from './hatch.js';

/** One part of every bar; null where a bar has no such part. */
export interface StackPart {
  readonly name: string;
  readonly colour: string;
  /** Slanted lines instead of a full colour, for what is not the data plane's own. */
  readonly striped: boolean;
  readonly values: readonly (number | null)[];
}

/** Bars in `unit`, and the height in CSS pixels that they need. */
export function stackChart(
  labels: readonly string[],
  parts: readonly StackPart[],
  title: string,
  theme: Theme,
  unit: Unit = 'µs',
): { readonly height: number; readonly config: ChartConfiguration<'bar'> } {
  return {
    height: 76 + labels.length * 40,
    config: {
      type: 'bar',
      data: {
        labels: [...labels],
        datasets: parts.map(({ name, colour, striped, values }) => ({
          label: name,
          data: [...values],
          backgroundColor: striped ? hatched(colour, theme.paper) : colour,
          borderColor: colour,
          borderWidth: 1,
          maxBarThickness: 26,
        })),
      },
      options: {
        ...base(theme),
        indexAxis: 'y',
        layout: { padding: { right: 12 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: {
              label: (item) => `${item.dataset.label ?? ''}: ${quantity(item.parsed.x ?? 0, unit)}`,
            },
          },
        },
        scales: {
          x: { ...axis(theme, title), type: 'linear', stacked: true, beginAtZero: true },
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
