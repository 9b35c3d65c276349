/** Turns figures into what the charts draw. Every chart has a table of the same numbers beside it. */
import {
  type Effect,
  type Histogram,
  type Level,
  METRICS,
  type MetricName,
  quantileNs,
  type RunRecord,
  samplesAbove,
} from '../record/index.js';
import { ABLATION_CHARTS, ablationTables } from './ablation.js';
import type {
  AblationSeries,
  Bars,
  ChartData,
  ChartVariant,
  CurveSeries,
  HopBars,
  PauseSeries,
  RateSeries,
  RatioInterval,
  SliceSeries,
  StackedBars,
} from './chart-data.js';
import { cpuHopBars, switchBars } from './cost-bars.js';
import type { SliceFigures, VariantFigures } from './figures.js';
import { rounded } from './format.js';
import { partNames, timedSplits } from './hops.js';
import { shortened } from './html.js';
import { narrowingSeries } from './narrowing.js';
import { objectiveEstimates } from './objective-charts.js';
import type { PauseBucket, WindowFigures } from './window-figures.js';
import { hasRatio } from './words.js';

/** With more variants than this, the rest start hidden: nobody can tell twenty lines apart. */
const SHOWN_AT_FIRST = 8;
/** Points on a strip; beyond it slices are joined in time order, so that the page stays small. */
const MOST_STRIP_POINTS = 1500;
const POINTS_PER_DECADE = 24;
/** The least number of samples above a percentile that is worth drawing; the same rule as in the tables. */
export const FEWEST_SAMPLES_ABOVE = 10;

/** Everything the page's script needs. Times are relative to the first slice. */
export function chartData(
  run: RunRecord,
  figures: readonly VariantFigures[],
  windows: readonly WindowFigures[],
): ChartData {
  const perSeries = Math.ceil(MOST_STRIP_POINTS / Math.max(1, Math.min(figures.length, 3)));
  const began = earliest(figures);
  return {
    variants: chartVariants(run),
    latency: figures.flatMap((own, index) => latencySeries(run, own, index)),
    sliceLatency: figures.map((own, index) =>
      sliceSeries(own.slices, index, began, perSeries, ({ slice, p50Ms }) =>
        slice.track === 'long' ? p50Ms : null,
      ),
    ),
    sliceCpu: figures.map((own, index) =>
      sliceSeries(own.slices, index, began, perSeries, ({ slice, cpuMicrosPerRequest }) =>
        slice.track === (run.planned.hasMicro ? 'micro' : 'long') ? cpuMicrosPerRequest : null,
      ),
    ),
    cpu: cpuBars(run),
    allocation: allocationBars(run),
    pauses: windows.flatMap((own, index) =>
      own.runtime === null ? [] : [pauseSeries(own.runtime.pauses, own.runtime.gcCycles, index)],
    ),
    hopSplit: hopBars(run),
    cpuHops: cpuHopBars(windows, (id) => levelOf(run, id, 'cpu.per_request')?.value ?? null),
    switches: switchBars(windows),
    ablation: ablationSeries(run),
    rates: rateSeries(run),
    estimates: objectiveEstimates(run),
    narrowing: narrowingSeries(run),
  };
}

function chartVariants(run: RunRecord): readonly ChartVariant[] {
  let shown = 0;
  return run.variants.map((variant) => {
    const always =
      run.cells === undefined && (variant.id === run.planned.baseline || variant.kind === 'direct');
    const first = always || shown < SHOWN_AT_FIRST - 2;
    if (!always && first) shown++;
    return { id: variant.id, label: shortened(variant.id, 28), shown: first };
  });
}

function earliest(figures: readonly VariantFigures[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const own of figures) {
    for (const { slice } of own.slices) first = Math.min(first, slice.startedAtMicros);
  }
  return Number.isFinite(first) ? first : 0;
}

function latencySeries(run: RunRecord, figures: VariantFigures, variant: number): readonly CurveSeries[] {
  const intended = curve(figures.latency.long);
  const sent = curve(figures.sendLatency);
  return [
    ...(intended.length > 0
      ? [{ variant, kind: 'intended' as const, points: intended, band: bandOf(run, figures) }]
      : []),
    ...(sent.length > 0 ? [{ variant, kind: 'sent' as const, points: sent, band: [] }] : []),
  ];
}

const BAND: readonly (readonly [MetricName, number])[] = [
  ['latency.p50', 0.5],
  ['latency.p90', 0.9],
  ['latency.p99', 0.99],
  ['latency.p99.9', 0.999],
];

/** The intervals of the percentiles that the tables print. */
function bandOf(run: RunRecord, { id, latency }: VariantFigures): CurveSeries['band'] {
  return BAND.flatMap(([metric, q]) => {
    const level = levelOn(run, id, metric, 'long');
    if (level === undefined || level.low === null || level.high === null) return [];
    if (samplesAbove(latency.long, q) < FEWEST_SAMPLES_ABOVE) return [];
    return [[rounded(1 / (1 - q)), rounded(level.low), rounded(level.high)] as const];
  });
}

/** The percentile curve from the 0th up to the last percentile with enough samples above it. */
function curve(histogram: Histogram): readonly (readonly [number, number])[] {
  const points: (readonly [number, number])[] = [];
  if (histogram.total < 2 * FEWEST_SAMPLES_ABOVE) return points;
  for (let step = 0; ; step++) {
    const tail = 10 ** (step / POINTS_PER_DECADE);
    const q = 1 - 1 / tail;
    if (samplesAbove(histogram, q) < FEWEST_SAMPLES_ABOVE) return points;
    points.push([rounded(tail), rounded(quantileNs(histogram, q) / 1e6)]);
  }
}

function sliceSeries(
  slices: readonly SliceFigures[],
  variant: number,
  began: number,
  most: number,
  read: (slice: SliceFigures) => number | null,
): SliceSeries {
  const points: (readonly [number, number, 0 | 1 | 2])[] = [];
  for (const figures of slices) {
    const value = read(figures);
    if (value === null) continue;
    const seconds = (figures.slice.startedAtMicros - began) / 1e6;
    points.push([rounded(seconds), rounded(value), stateNumber(figures)]);
  }
  return { variant, points: joined(points, most) };
}

function stateNumber({ state }: SliceFigures): 0 | 1 | 2 {
  if (state === 'valid') return 0;
  return state === 'suspect' ? 1 : 2;
}

/** Means of neighbouring valid points where there are too many; points that are not valid stay single. */
function joined(
  points: readonly (readonly [number, number, 0 | 1 | 2])[],
  most: number,
): readonly (readonly [number, number, 0 | 1 | 2])[] {
  if (points.length <= most) return points;
  const group = Math.ceil(points.length / most);
  const valid = points.filter(([, , state]) => state === 0);
  const kept = points.filter(([, , state]) => state !== 0);
  for (let start = 0; start < valid.length; start += group) {
    const part = valid.slice(start, start + group);
    const mean = (of: 0 | 1) => part.reduce((sum, point) => sum + point[of], 0) / part.length;
    kept.push([rounded(mean(0)), rounded(mean(1)), 0]);
  }
  return kept.sort(([a], [b]) => a - b);
}

/** The analysis's level of a metric: of the deciding track where there are several. Undefined without one. */
export function levelOf(run: RunRecord, variant: string, metric: MetricName): Level | undefined {
  const levels = (run.analysis?.levels ?? []).filter(
    (level) => level.variant === variant && level.metric === metric && level.track !== 'cross-check',
  );
  return levels.find((level) => level.value !== null) ?? levels[0];
}

/** The level of one track. */
export function levelOn(
  run: RunRecord,
  variant: string,
  metric: MetricName,
  track: Level['track'],
): Level | undefined {
  return run.analysis?.levels.find(
    (level) => level.variant === variant && level.metric === metric && level.track === track,
  );
}

function cpuBars(run: RunRecord): StackedBars | null {
  const value = (variant: string, metric: MetricName) => levelOf(run, variant, metric)?.value ?? null;
  const rows = run.variants.map(({ id }) => {
    const total = value(id, 'cpu.per_request');
    const user = value(id, 'cpu.user_per_request');
    const system = value(id, 'cpu.system_per_request');
    const machine = value(id, 'cpu.machine_per_request');
    const split = user !== null && system !== null;
    const own = split ? user + system : total;
    return {
      label: shortened(id, 24),
      user: split ? rounded(user) : null,
      system: split ? rounded(system) : null,
      unsplit: split ? null : total === null ? null : rounded(total),
      elsewhere: machine === null || own === null ? null : rounded(Math.max(0, machine - own)),
    };
  });
  if (rows.every((row) => row.user === null && row.unsplit === null && row.elsewhere === null)) return null;
  return {
    labels: rows.map((row) => row.label),
    user: rows.map((row) => row.user),
    system: rows.map((row) => row.system),
    elsewhere: rows.map((row) => row.elsewhere),
    unsplit: rows.map((row) => row.unsplit),
  };
}

function allocationBars(run: RunRecord): Bars | null {
  const bars = run.variants.flatMap(({ id }, variant) => {
    const value = levelOf(run, id, 'alloc.bytes_per_request')?.value ?? null;
    return value === null ? [] : [{ variant, value: rounded(value) }];
  });
  if (bars.length === 0) return null;
  return { variants: bars.map(({ variant }) => variant), values: bars.map(({ value }) => value) };
}

/** Survival curve of the pauses: how many of a thousand cycles' pauses last at least so long. */
function pauseSeries(pauses: readonly PauseBucket[], cycles: number, variant: number): PauseSeries {
  const points: (readonly [number, number])[] = [];
  let remaining = pauses.reduce((sum, bucket) => sum + bucket.count, 0);
  for (const bucket of pauses) {
    if (bucket.upperNs !== null && cycles > 0) {
      points.push([rounded(bucket.upperNs / 1e3), rounded((remaining / cycles) * 1000)]);
    }
    remaining -= bucket.count;
  }
  return { variant, points };
}

function hopBars(run: RunRecord): HopBars | null {
  const splits = timedSplits(run);
  if (splits.length === 0) return null;
  return {
    labels: splits.map(({ variant }) => shortened(variant, 24)),
    parts: partNames(splits).map((name) => ({
      name: shortened(name, 40),
      values: splits.map(({ parts }) => {
        const part = parts.find((own) => own.name === name);
        return part === undefined ? null : rounded(Math.max(0, part.meanMicros));
      }),
    })),
  };
}

function ablationSeries(run: RunRecord): readonly AblationSeries[] {
  const interval = (effect: Effect | undefined): RatioInterval | null =>
    effect !== undefined && hasRatio(effect) && effect.low > 0
      ? [rounded(effect.ratio), rounded(effect.low), rounded(effect.high)]
      : null;
  return ablationTables(run)
    .map(({ metric, rows }) => ({
      chart: ABLATION_CHARTS[metric],
      title: `change in ${METRICS[metric].label}`,
      factors: rows.map(({ factor, off, on }) => ({
        label: shortened(factor, 24),
        off: interval(off),
        on: interval(on),
      })),
    }))
    .filter(({ factors }) => factors.some(({ off, on }) => off !== null || on !== null));
}

function rateSeries(run: RunRecord): readonly RateSeries[] {
  return (run.analysis?.curves ?? []).flatMap(
    ({ variant, points, kneeRatePerSecond, tooMuchRatePerSecond }) => {
      const index = run.variants.findIndex(({ id }) => id === variant);
      const drawn = points.filter(({ p99Ms }) => p99Ms !== null);
      if (index < 0 || drawn.length === 0) return [];
      const bend = drawn.findIndex(({ offeredRatePerSecond }) => offeredRatePerSecond === kneeRatePerSecond);
      return [
        {
          variant: index,
          knee: tooMuchRatePerSecond === null || bend === -1 ? null : bend,
          points: drawn.map(
            ({ achievedRatePerSecond, p99Ms }) =>
              [rounded(achievedRatePerSecond), rounded(p99Ms?.value ?? 0)] as const,
          ),
        },
      ];
    },
  );
}
