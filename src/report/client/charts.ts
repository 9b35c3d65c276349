/** The charts of the page. Each takes its data and the colours, and returns what Chart.js draws. */
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import type { Bars, ChartData, SliceSeries } from '../chart-data.js';
import { fixed, quantity, significant, type Unit } from '../format.js';
import { endLabels } from './end-labels.js';
import { seriesColour, seriesDash, type Theme } from './theme.js';

/** Which variants a reader wants to see, by index, and whether the send-time curves too. */
export interface Shown {
  readonly variants: ReadonlySet<number>;
  readonly sendTime: boolean;
}

const TAIL_TICKS = [1, 2, 4, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const NARROW_TAIL_TICKS = [2, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/** 1/(1−q) as the percentile it stands for: 100 is "99 %". */
function percentile(tail: number): string {
  const q = 100 * (1 - 1 / tail);
  const decimals = tail < 1000 ? (Number.isInteger(q) ? 0 : 1) : Math.ceil(Math.log10(tail)) - 2;
  return `${fixed(q, decimals)}\u00a0%`;
}

function axis(theme: Theme, title: string) {
  return {
    title: { display: true, text: title, color: theme.soft, font: { size: 12 } },
    grid: { color: theme.line, drawTicks: false },
    border: { color: theme.line },
    ticks: { color: theme.soft, padding: 6, maxRotation: 0, autoSkipPadding: 12 },
  };
}

function base(theme: Theme) {
  return {
    animation: false as const,
    responsive: true,
    maintainAspectRatio: false,
    font: { family: theme.font },
    plugins: {
      tooltip: {
        backgroundColor: theme.ink,
        titleColor: theme.paper,
        bodyColor: theme.paper,
        footerColor: theme.paper,
        padding: 8,
        displayColors: false,
      },
    },
  };
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
    plugins: [endLabels(labelled)],
  };
}

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

/** How many pauses of a thousand collections last at least so long. */
export function pauseChart(data: ChartData, shown: Shown, theme: Theme): ChartConfiguration<'line'> {
  const series = data.pauses.filter((own) => shown.variants.has(own.variant) && own.points.length > 0);
  return {
    type: 'line',
    data: {
      datasets: series.map((own) => ({
        label: data.variants[own.variant]?.label ?? '',
        data: own.points.map(([x, y]) => ({ x, y })),
        borderColor: seriesColour(theme, own.variant),
        backgroundColor: seriesColour(theme, own.variant),
        borderDash: seriesDash(own.variant),
        borderWidth: 2,
        pointRadius: own.points.length < 4 ? 4 : 0,
        pointHitRadius: 8,
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

/** 1, 2 or 5 times a power of ten. */
function isRound(value: number): boolean {
  return /^[125]0*(\.0*)?$/.test(String(value).replace(/^0\.0*/, ''));
}
