/** What the page's own script draws from. Plain data: the shapes are shared with the script in the browser. */

export interface ChartData {
  readonly variants: readonly ChartVariant[];
  readonly latency: readonly CurveSeries[];
  readonly sliceLatency: readonly SliceSeries[];
  readonly sliceCpu: readonly SliceSeries[];
  readonly cpu: StackedBars | null;
  readonly allocation: Bars | null;
  readonly pauses: readonly PauseSeries[];
  readonly hopSplit: HopBars | null;
  /** CPU per request by process, in µs. */
  readonly cpuHops: HopBars | null;
  /** Context switches per request. */
  readonly switches: HopBars | null;
  readonly ablation: readonly AblationSeries[];
  readonly rates: readonly RateSeries[];
  readonly estimates: readonly EstimateSeries[];
  readonly narrowing: readonly NarrowingSeries[];
}

export interface ChartVariant {
  readonly id: string;
  /** Short enough for a legend. */
  readonly label: string;
  /** Drawn from the start: with many variants only the first few and the baselines are. */
  readonly shown: boolean;
}

/** Points are [1/(1−q), ms]; `variant` is an index into `variants`. */
export interface CurveSeries {
  readonly variant: number;
  readonly kind: 'intended' | 'sent';
  readonly points: readonly (readonly [number, number])[];
  /** Intervals of the percentiles that have one: [1/(1−q), ms, ms]. */
  readonly band: readonly (readonly [tail: number, low: number, high: number])[];
}

/** Points are [seconds since the run began, value, state]; state is 0 valid, 1 suspect, 2 invalid or failed. */
export interface SliceSeries {
  readonly variant: number;
  readonly points: readonly (readonly [number, number, 0 | 1 | 2])[];
}

/** CPU in µs per request; a null part is not known for that variant. */
export interface StackedBars {
  readonly labels: readonly string[];
  readonly user: readonly (number | null)[];
  readonly system: readonly (number | null)[];
  readonly elsewhere: readonly (number | null)[];
  /** Where the split is not known, the whole. */
  readonly unsplit: readonly (number | null)[];
}

/** Allocated bytes per request, of the variants where it is known; `variants` are indexes. */
export interface Bars {
  readonly variants: readonly number[];
  readonly values: readonly number[];
}

/** Points are [pause in µs, pauses at least that long per 1,000 cycles]. */
export interface PauseSeries {
  readonly variant: number;
  readonly points: readonly (readonly [number, number])[];
}

/** Points are [answers in a second, p99 in ms], in the order of the rates offered. */
export interface RateSeries {
  readonly variant: number;
  /** Index of the point where the curve bends; null when none does. */
  readonly knee: number | null;
  readonly points: readonly (readonly [number, number])[];
}

/** A figure of a variant and its interval, where it has one; `variant` is an index into `variants`. */
export interface Estimate {
  readonly variant: number;
  readonly label: string;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One figure of each variant that has it. */
export interface EstimateSeries {
  /** The chart's id in the page. */
  readonly chart: string;
  readonly title: string;
  readonly rows: readonly Estimate[];
}

/** Parts that add up to a whole, one bar a variant; null where a variant has no such part. */
export interface HopBars {
  readonly labels: readonly string[];
  readonly parts: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** A change and the interval it lies in, as ratios. */
export type RatioInterval = readonly [ratio: number, low: number, high: number];

/** A change and its interval after so many sets of fresh processes, as ratios. */
export interface NarrowingSeries {
  /** The chart's id in the page. */
  readonly chart: string;
  readonly title: string;
  /** The gate's limit as a ratio; null where it is not known. */
  readonly limit: number | null;
  /** What does not matter either way, as a fraction. */
  readonly margin: number;
  readonly points: readonly (readonly [replicas: number, ratio: number, low: number, high: number])[];
}

/** What each factor of a variant does to one metric; null where it is not known. */
export interface AblationSeries {
  /** The chart's id in the page. */
  readonly chart: string;
  readonly title: string;
  readonly factors: readonly {
    readonly label: string;
    readonly off: RatioInterval | null;
    readonly on: RatioInterval | null;
  }[];
}
