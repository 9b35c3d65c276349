/** What every section of the report is made from: the record, and the figures computed from it once. */
import type { Trend } from '../history/index.js';
import type { Analysis, RunRecord, SliceRecord, WindowRecord } from '../record/index.js';
import { type VariantFigures, variantFigures } from './figures.js';
import type { Html } from './html.js';
import { type WindowFigures, windowFigures } from './window-figures.js';

export interface ReportInput {
  readonly run: RunRecord;
  readonly slices: readonly SliceRecord[];
  readonly windows: readonly WindowRecord[];
  /** Series of a history; those of this run's scenario and machine are shown. */
  readonly trends?: readonly Trend[];
  /** Lines of `slices.jsonl` that could not be read, and why. */
  readonly damaged?: readonly { readonly line: number; readonly reason: string }[];
}

export interface View {
  readonly run: RunRecord;
  readonly analysis: Analysis;
  readonly slices: readonly SliceRecord[];
  readonly figures: readonly VariantFigures[];
  readonly windows: readonly WindowFigures[];
  readonly trends: readonly Trend[];
  readonly damaged: readonly { readonly line: number; readonly reason: string }[];
}

/** One part of the page; `body` null leaves it out. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html | null;
}

/** A run without analysis is shown with an empty one that says so. */
const NOT_ANALYSED: Analysis = {
  levels: [],
  effects: [],
  besideEffects: [],
  disagreements: [],
  witnesses: {},
  gate: [],
  validity: { status: 'invalid', reasons: ['the run has not been analysed, so it has no verdicts'] },
  cpuOutsideSlices: {},
  probeShare: {},
};

/** The run's analysis, or one that says that there is none. */
export function analysisOf(run: RunRecord): Analysis {
  return run.analysis ?? NOT_ANALYSED;
}

/** Computes the view. Throws RangeError when a histogram of the record cannot be decoded. */
export function viewOf(input: ReportInput): View {
  const { run, slices, windows } = input;
  return {
    run,
    analysis: analysisOf(run),
    slices,
    figures: variantFigures(run, slices),
    windows: windowFigures(run, windows),
    trends: input.trends ?? [],
    damaged: input.damaged ?? [],
  };
}
