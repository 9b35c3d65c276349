/** What became of each figure over the runs, and between which two of them it changed. */
import { METRICS, type MetricName } from '../record/index.js';
import { changePoints } from './change-points.js';
import { type HistoryLine, seriesOf } from './line.js';

/** With fewer, even values that a change parts entirely would be so parted by chance in more than 1 % of orders. */
export const FEWEST_RUNS = 10;

export interface Change {
  /** The last run before it, and the first after it. */
  readonly before: HistoryLine;
  readonly after: HistoryLine;
  /** Ratio of the geometric means after and before; null where a value is 0 or less. */
  readonly ratio: number | null;
  /** Difference of the means, in the metric's unit. */
  readonly difference: number;
  readonly direction: 'better' | 'worse';
  /** See ChangePoint. */
  readonly p: number;
}

export interface Trend {
  readonly machine: string;
  readonly scenario: HistoryLine['scenario'];
  readonly variant: string;
  readonly baseline: string | null;
  readonly metric: MetricName;
  /** By time. */
  readonly lines: readonly HistoryLine[];
  readonly changes: readonly Change[];
}

/** Trends of one scenario on one machine together, in the order in which they come. */
export function groupsOf(trends: readonly Trend[]): readonly (readonly Trend[])[] {
  const groups = new Map<string, Trend[]>();
  for (const trend of trends) {
    const key = JSON.stringify([trend.machine, trend.scenario.digest]);
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [trend]);
    else own.push(trend);
  }
  return [...groups.values()];
}

/** Every series of a history, those of one scenario and machine together. */
export function trendsOf(lines: readonly HistoryLine[]): Trend[] {
  const bySeries = new Map<string, HistoryLine[]>();
  for (const line of lines) {
    const key = seriesOf(line);
    const own = bySeries.get(key);
    if (own === undefined) bySeries.set(key, [line]);
    else own.push(line);
  }
  return [...bySeries.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, own]) => {
      own.sort(byTime);
      const [first] = own;
      if (first === undefined) return [];
      const { machine, scenario, variant, baseline, metric } = first;
      return [{ machine, scenario, variant, baseline, metric, lines: own, changes: changesOf(own) }];
    });
}

function byTime(a: HistoryLine, b: HistoryLine): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.runId < b.runId ? -1 : 1;
}

function changesOf(lines: readonly HistoryLine[]): Change[] {
  if (lines.length < FEWEST_RUNS) return [];
  const values = lines.map(({ value }) => value);
  const onLog = values.every((value) => value > 0);
  // Costs differ by factors: on the log scale a change from 1 to 2 is as large as one from 10 to 20.
  const found = changePoints(onLog ? values.map(Math.log) : values);
  const edges = [0, ...found.map(({ index }) => index), values.length];
  return found.flatMap(({ index, p }, number) => {
    const [before, after] = [lines[index - 1], lines[index]];
    if (before === undefined || after === undefined) return [];
    const left = values.slice(edges[number], index);
    const right = values.slice(index, edges[number + 2]);
    const ratio = onLog ? Math.exp(mean(right.map(Math.log)) - mean(left.map(Math.log))) : null;
    const difference = mean(right) - mean(left);
    const higher = ratio === null ? difference > 0 : ratio > 1;
    const goodness = METRICS[after.metric].goodness;
    const direction = higher === (goodness === 'higher') ? 'better' : 'worse';
    return [{ before, after, ratio, difference, direction, p }];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
