/** What each factor does to a variant: a dot and its interval for switching it off, and for switching it on. */
import type { ChartConfiguration } from 'chart.js';
import type { AblationSeries, RatioInterval } from '../../chart-data.js';
import { change } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base, laneAxis } from './frame.js';
import { ratioTicks } from './ratio-ticks.js';
import { whiskers } from './whiskers.js';

const LANE_PX = 46;
/** How far the two dots of a factor stand above and below its middle, in lanes. */
const APART = 0.17;
const DIRECTIONS = ['off', 'on'] as const;
const SHAPES = { off: 'rectRot', on: 'circle' } as const;
/** What of the picture's width the factors' names leave, and CSS pixels for a tick's label with its distance. */
const PLOT_SHARE = 0.55;
const LABEL_WIDTH = 52;
const LEAST_REACH = Math.log(1.03);
/** One interval without bounds to speak of must not flatten all others; it runs out of the picture instead. */
const MOST_REACH = Math.log(12);

/** What the two marks of a factor mean, with their colours, for the legend. */
export function ablationParts(theme: Theme) {
  return [
    { name: 'switched off from the whole (diamond)', colour: seriesColour(theme, 1), striped: false },
    { name: 'switched on alone (circle)', colour: seriesColour(theme, 0), striped: false },
  ] as const;
}

/** Changes on a scale on which halving and doubling are equally far from none. Height in CSS pixels. */
export function ablationChart(
  series: AblationSeries,
  theme: Theme,
): { readonly height: number; readonly config: ChartConfiguration<'scatter'> } {
  const { factors } = series;
  const all = factors.flatMap(({ off, on }) => [off, on].filter((own) => own !== null));
  const widest = Math.max(0, ...all.flatMap((own) => own.map((ratio) => Math.abs(Math.log(ratio)))));
  const reach = Math.min(MOST_REACH, 1.08 * Math.max(LEAST_REACH, widest));
  const marks = DIRECTIONS.map((direction) =>
    factors.flatMap((factor, lane) => {
      const interval = factor[direction];
      return interval === null
        ? []
        : [{ label: factor.label, interval, lane: lane + (direction === 'off' ? -APART : APART) }];
    }),
  );
  return {
    height: 84 + factors.length * LANE_PX,
    config: {
      type: 'scatter',
      data: {
        datasets: marks.map((own, index) => ({
          label: ablationParts(theme)[index]?.name ?? '',
          data: own.map(({ interval, lane }) => ({ x: Math.log(interval[0]), y: lane })),
          pointStyle: SHAPES[DIRECTIONS[index] ?? 'on'],
          pointRadius: 5,
          pointHitRadius: 10,
          pointBackgroundColor: ablationParts(theme)[index]?.colour ?? theme.ink,
          pointBorderColor: ablationParts(theme)[index]?.colour ?? theme.ink,
        })),
      },
      options: {
        ...base(theme),
        layout: { padding: { right: 12, top: 4 } },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: {
              label: (item) => {
                const mark = marks[item.datasetIndex]?.[item.dataIndex];
                return mark === undefined
                  ? ''
                  : `${mark.label}, ${item.dataset.label ?? ''}: ${described(mark.interval)}`;
              },
            },
          },
        },
        scales: {
          x: {
            ...axis(theme, series.title),
            type: 'linear',
            min: -reach,
            max: reach,
            grid: {
              drawTicks: false,
              color: (context) => (context.tick?.value === 0 ? theme.soft : theme.line),
            },
            afterBuildTicks: (scale) => {
              const room = Math.max(3, Math.floor((scale.chart.width * PLOT_SHARE) / LABEL_WIDTH));
              scale.ticks = ratioTicks(-reach, reach, room).map((value) => ({ value }));
            },
            ticks: {
              ...axis(theme, '').ticks,
              autoSkip: false,
              callback: (value) => change(Math.exp(Number(value)), 0),
            },
          },
          y: laneAxis(
            theme,
            factors.map(({ label }) => label),
          ),
        },
      },
      plugins: [
        whiskers(
          marks.flatMap((own, index) =>
            own.map(({ interval: [, low, high], lane }) => ({
              low: Math.log(low),
              high: Math.log(high),
              lane,
              colour: ablationParts(theme)[index]?.colour ?? theme.ink,
            })),
          ),
        ),
      ],
    },
  };
}

function described([ratio, low, high]: RatioInterval): string {
  return `${change(ratio)} (${change(low)} to ${change(high)})`;
}
