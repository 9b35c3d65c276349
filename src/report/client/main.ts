/** Runs in the reader's browser: draws the charts beside the tables and offers the data. Opens no connection. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
} from 'chart.js';
import type { ChartData } from '../chart-data.js';
import { ablationChart, ablationParts } from './charts/ablation.js';
import { allocationChart } from './charts/allocation.js';
import { cpuParts } from './charts/cpu.js';
import { estimatesChart } from './charts/estimates.js';
import type { Shown } from './charts/frame.js';
import { hopParts } from './charts/hops.js';
import { latencyChart } from './charts/latency.js';
import { narrowingChart } from './charts/narrowing.js';
import { pauseChart } from './charts/pauses.js';
import { ratesChart } from './charts/rates.js';
import { stackChart } from './charts/stack.js';
import { stripChart } from './charts/strip.js';
import { offerDownload, save } from './download.js';
import { partsLegend, sendTimeSwitch, variantLegend } from './legend.js';
import { offerPictures, pngPicture, svgPicture } from './pictures.js';
import { readTheme } from './theme.js';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
);

const WIDE_PX = 720;

/** A browser's own print dialogue may ask for it; screens draw at their own density. */
const PRINT_PIXEL_RATIO = 2;

/** Of pictures to keep: as wide as a page of text. */
const PICTURE_WIDTH_PX = 900;

const CHART_TITLES: Readonly<Record<string, string>> = {
  latency: 'latency by percentile',
  rates: 'latency p99 over the rate answered',
  'slice-latency': 'latency slice by slice',
  'slice-cpu': 'CPU per request slice by slice',
  cpu: 'CPU per request',
  'cpu-hops': 'CPU per request by process',
  switches: 'context switches per request',
  'hop-split': 'where the time of a request goes',
  allocation: 'allocated bytes per request',
  pauses: 'pauses of the collector',
};

function embedded(id: string): unknown {
  return JSON.parse(document.getElementById(id)?.textContent ?? 'null');
}

/** The page's own data, written by the same build as this script. */
const data = embedded('chart-data') as ChartData;
const state: { variants: Set<number>; sendTime: boolean } = {
  variants: new Set(data.variants.flatMap((variant, index) => (variant.shown ? [index] : []))),
  sendTime: false,
};
const drawn = new Map<string, Chart>();

interface Drawing {
  readonly config: ChartConfiguration;
  readonly height: number;
}

function drawings(shown: Shown): Readonly<Record<string, Drawing | null>> {
  const theme = readTheme();
  const wide = window.innerWidth >= WIDE_PX;
  const strip = (series: ChartData['sliceLatency'], title: string, unit: 'ms' | 'µs') =>
    series.some((own) => own.points.length > 0)
      ? (stripChart(data, series, shown, theme, { title, unit }) as Drawing)
      : null;
  return {
    latency:
      data.latency.length === 0
        ? null
        : { config: latencyChart(data, shown, theme, wide) as ChartConfiguration, height: wide ? 400 : 320 },
    rates:
      data.rates.length === 0
        ? null
        : { config: ratesChart(data, shown, theme) as ChartConfiguration, height: wide ? 360 : 300 },
    'slice-latency': strip(data.sliceLatency, 'p50 of each long slice', 'ms'),
    'slice-cpu': strip(data.sliceCpu, 'CPU per request of each slice', 'µs'),
    cpu:
      data.cpu === null
        ? null
        : (stackChart(data.cpu.labels, cpuParts(data.cpu, theme), 'CPU per request, µs', theme) as Drawing),
    'hop-split':
      data.hopSplit === null
        ? null
        : (stackChart(
            data.hopSplit.labels,
            hopParts(data.hopSplit, theme),
            'mean time of a request, µs',
            theme,
          ) as Drawing),
    'cpu-hops':
      data.cpuHops === null
        ? null
        : (stackChart(
            data.cpuHops.labels,
            hopParts(data.cpuHops, theme),
            'CPU per request, µs',
            theme,
          ) as Drawing),
    switches:
      data.switches === null
        ? null
        : (stackChart(
            data.switches.labels,
            hopParts(data.switches, theme),
            'context switches per request',
            theme,
            'count',
          ) as Drawing),
    ...Object.fromEntries(
      data.ablation.map((series) => [series.chart, ablationChart(series, theme) as Drawing]),
    ),
    ...Object.fromEntries(
      data.estimates.map((series) => [series.chart, estimatesChart(series, theme) as Drawing]),
    ),
    ...Object.fromEntries(
      data.narrowing.map((series) => [series.chart, narrowingChart(series, theme) as Drawing]),
    ),
    allocation: data.allocation === null ? null : (allocationChart(data, data.allocation, theme) as Drawing),
    pauses: data.pauses.some((own) => own.points.length > 1)
      ? { config: pauseChart(data, shown, theme) as ChartConfiguration, height: 280 }
      : null,
  };
}

function draw(pixelRatio = window.devicePixelRatio): void {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const [id, drawing] of Object.entries(drawings(state))) {
    const figure = document.querySelector<HTMLElement>(`[data-chart="${id}"]`);
    const canvas = figure?.querySelector('canvas');
    if (figure === null || canvas === null || canvas === undefined) continue;
    drawn.get(id)?.destroy();
    drawn.delete(id);
    figure.hidden = drawing === null;
    if (drawing === null || canvas.parentElement === null) continue;
    canvas.parentElement.style.height = `${drawing.height}px`;
    const { config } = drawing;
    drawn.set(
      id,
      new Chart(canvas, { ...config, options: { ...config.options, devicePixelRatio: pixelRatio } }),
    );
  }
}

function legends(): void {
  const toggle = (index: number, on: boolean) => {
    if (on) state.variants.add(index);
    else state.variants.delete(index);
    refreshLegends();
    draw();
  };
  for (const id of ['rates', 'latency', 'slice-latency', 'slice-cpu', 'pauses']) {
    const figure = document.querySelector<HTMLElement>(`[data-chart="${id}"]`);
    if (figure === null) continue;
    figure.prepend(variantLegend(data.variants, state.variants, readTheme(), toggle));
    if (id === 'latency' && data.latency.some((curve) => curve.kind === 'sent')) {
      figure.prepend(
        sendTimeSwitch(state.sendTime, (on) => {
          state.sendTime = on;
          draw();
        }),
      );
    }
  }
  const theme = readTheme();
  const parts = {
    ...(data.cpu === null ? {} : { cpu: cpuParts(data.cpu, theme) }),
    ...(data.hopSplit === null ? {} : { 'hop-split': hopParts(data.hopSplit, theme) }),
    ...(data.cpuHops === null ? {} : { 'cpu-hops': hopParts(data.cpuHops, theme) }),
    ...(data.switches === null ? {} : { switches: hopParts(data.switches, theme) }),
    ...Object.fromEntries(data.ablation.map(({ chart }) => [chart, ablationParts(theme)])),
  };
  for (const [id, own] of Object.entries(parts)) {
    document.querySelector(`[data-chart="${id}"]`)?.prepend(partsLegend(own));
  }
}

/** Only what shows a state changes; the buttons stay, so that focus stays where it was. */
function refreshLegends(): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-variant]')) {
    button.setAttribute('aria-pressed', String(state.variants.has(Number(button.dataset.variant))));
  }
}

function recolour(): void {
  for (const legend of document.querySelectorAll('.legend')) legend.remove();
  legends();
  draw();
}

/** A picture is drawn anew when it is asked for, so that it holds the variants that are shown by then. */
function pictures(): void {
  const { name: stem } = embedded('raw-data') as { readonly name: string };
  for (const id of Object.keys(drawings(state))) {
    const figure = document.querySelector<HTMLElement>(`[data-chart="${id}"]`);
    if (figure === null || figure.hidden) continue;
    const title =
      CHART_TITLES[id] ??
      [...data.ablation, ...data.estimates].find(({ chart }) => chart === id)?.title ??
      id;
    offerPictures(figure, title, async (kind) => {
      const drawing = drawings(state)[id];
      if (drawing === null || drawing === undefined) throw new Error('nothing is drawn');
      const svg = svgPicture(
        {
          title: title.slice(0, 1).toUpperCase() + title.slice(1),
          run: document.title,
          config: drawing.config,
          width: PICTURE_WIDTH_PX,
          height: drawing.height,
        },
        readTheme(),
      );
      const file = `${stem.replace(/\.json$/, '')}-${id}.${kind}`;
      save(kind === 'svg' ? new Blob([svg], { type: 'image/svg+xml' }) : await pngPicture(svg), file);
      return file;
    });
  }
}

legends();
draw();
pictures();
offerDownload(embedded('raw-data'));
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
window.matchMedia(`(min-width: ${WIDE_PX}px)`).addEventListener('change', () => draw());
window.matchMedia('print').addEventListener('change', ({ matches }) => {
  draw(matches ? PRINT_PIXEL_RATIO : window.devicePixelRatio);
});
