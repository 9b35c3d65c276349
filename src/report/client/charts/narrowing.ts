/** A change and the interval it lay in, look by look. */
import type { Chart, ChartConfiguration, Plugin } from 'chart.js';
import type { NarrowingSeries } from '../../chart-data.js';
import { change, changeInterval } from '../../format.js';
import { seriesColour, type Theme } from '../theme.js';
import { axis, base } from './frame.js';
import { ratioTicks } from './ratio-ticks.js';

const HEIGHT_PX = 260;
/** The picture is made for the last intervals; the first, which may reach anywhere, run out of it. */
const LAST_WIDTHS = 6;
const LEAST_REACH = Math.log(1.03);
/** Marks at most on the scale of changes. */
const TICKS = 6;

/** Sets of fresh processes to the right, the change on a scale on which halving and doubling are equally far. */
export function narrowingChart(
  series: NarrowingSeries,
  theme: Theme,
): { readonly height: number; readonly config: ChartConfiguration<'line'> } {
  const { points, limit } = series;
  const colour = seriesColour(theme, 0);
  const ends = rangeOf(series);
  return {
    height: HEIGHT_PX,
    config: {
      type: 'line',
      data: {
        datasets: [
          {
            label: series.title,
            data: points.map(([replicas, ratio]) => ({ x: replicas, y: Math.log(ratio) })),
            borderColor: colour,
            backgroundColor: colour,
            borderWidth: 2,
            pointRadius: 4,
            pointHitRadius: 10,
          },
        ],
      },
      options: {
        ...base(theme),
        layout: { padding: { right: 12, top: 8 } },
        interaction: { mode: 'nearest', intersect: false, axis: 'x' },
        plugins: {
          tooltip: {
            ...base(theme).plugins.tooltip,
            callbacks: {
              title: (items) => `after ${items[0]?.parsed.x ?? ''} sets of processes`,
              label: (item) => {
                const point = points[item.dataIndex];
                if (point === undefined) return '';
                const { value, low, high } = changeInterval(point[1], point[2], point[3]);
                return `${value} (${low} to ${high})`;
              },
            },
          },
        },
        scales: {
          x: {
            ...axis(theme, 'sets of fresh processes'),
            type: 'linear',
            min: (points[0]?.[0] ?? 0) - 0.3,
            max: (points.at(-1)?.[0] ?? 0) + 0.3,
            afterBuildTicks: (scale) => {
              scale.ticks = points.map(([value]) => ({ value }));
            },
          },
          y: {
            ...axis(theme, series.title),
            type: 'linear',
            min: ends.low,
            max: ends.high,
            afterBuildTicks: (scale) => {
              scale.ticks = ratioTicks(ends.low, ends.high, TICKS).map((value) => ({ value }));
            },
            ticks: {
              ...axis(theme, '').ticks,
              autoSkip: false,
              callback: (value) => change(Math.exp(Number(value)), 0),
            },
          },
        },
      },
      plugins: [band(series, colour, theme, limit)],
    },
  };
}

/** The part of the scale that is shown. */
function rangeOf({ points, limit, margin }: NarrowingSeries): { low: number; high: number } {
  const logs = points.map(([, ...values]) => values.map(Math.log));
  const [value = 0, low = 0, high = 0] = logs.at(-1) ?? [];
  const room = Math.max(LEAST_REACH, (LAST_WIDTHS * (high - low)) / 2);
  const fixed = [0, Math.log1p(margin), ...(limit === null || limit <= 0 ? [] : [Math.log(limit)])];
  const lowest = Math.min(...logs.flat());
  const highest = Math.max(...logs.flat());
  const air = 0.06 * room;
  return {
    low: Math.min(Math.max(lowest, value - room), ...fixed) - air,
    high: Math.max(Math.min(highest, value + room), ...fixed) + air,
  };
}

/** The interval as a band behind the line, no change, and the limit. */
function band(
  { points }: NarrowingSeries,
  colour: string,
  theme: Theme,
  limit: number | null,
): Plugin<'line'> {
  return {
    id: 'band',
    beforeDatasetsDraw(chart: Chart) {
      const { ctx, chartArea } = chart;
      const { x, y } = chart.scales;
      if (x === undefined || y === undefined) return;
      const at = (replicas: number, ratio: number) =>
        [x.getPixelForValue(replicas), y.getPixelForValue(Math.log(ratio))] as const;
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      ctx.beginPath();
      for (const [replicas, , , high] of points) ctx.lineTo(...at(replicas, high));
      for (const [replicas, , low] of [...points].reverse()) ctx.lineTo(...at(replicas, low));
      ctx.closePath();
      ctx.fillStyle = colour;
      ctx.globalAlpha = 0.18;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.lineWidth = 2;
      ctx.strokeStyle = colour;
      for (const [replicas, , low, high] of points) {
        ctx.beginPath();
        ctx.moveTo(...at(replicas, low));
        ctx.lineTo(...at(replicas, high));
        ctx.stroke();
      }
      const level = (ratio: number, dash: readonly number[], text: string, above: boolean) => {
        const height = y.getPixelForValue(Math.log(ratio));
        ctx.strokeStyle = theme.ink;
        ctx.lineWidth = 1.5;
        ctx.setLineDash([...dash]);
        ctx.beginPath();
        ctx.moveTo(chartArea.left, height);
        ctx.lineTo(chartArea.right, height);
        ctx.stroke();
        ctx.fillStyle = theme.ink;
        ctx.textAlign = 'right';
        ctx.textBaseline = above ? 'bottom' : 'top';
        ctx.fillText(text, chartArea.right - 4, height + (above ? -3 : 3));
      };
      const limitAbove = limit !== null && limit >= 1;
      level(1, [], 'no change', !limitAbove);
      if (limit !== null && limit > 0) level(limit, [6, 4], `limit ${change(limit)}`, limitAbove);
      ctx.restore();
    },
  };
}
