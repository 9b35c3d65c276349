/** Every level and effect as CSV (RFC 4180): a row each, for a spreadsheet or a data frame. */
import { type Effect, type Level, METRICS, type RunRecord } from '../../record/index.js';
import { visibleText } from '../html.js';
import { analysisOf } from '../view.js';

const COLUMNS = [
  'run',
  'scenario',
  'type',
  'variant',
  'baseline',
  'metric',
  'unit',
  'track',
  'value',
  'low',
  'high',
  'difference',
  'difference_low',
  'difference_high',
  'verdict',
  'gated',
  'gate',
  'reason',
] as const;

type Cells = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number | boolean | null>>>;

/**
 * Rows of `level` (in the metric's unit) and of `effect` (a ratio, and the difference in the metric's unit). What is not
 * known is empty. Text that a spreadsheet would take for a formula is given an apostrophe.
 */
export function renderCsv(run: RunRecord): string {
  const { levels, effects, besideEffects } = analysisOf(run);
  const rows = [
    ...levels.map(levelRow),
    ...[...effects, ...besideEffects].map((effect) => effectRow(run, effect)),
  ];
  const common = { run: run.runId, scenario: run.scenario.name };
  const lines = rows.map((row) => COLUMNS.map((column) => cell({ ...common, ...row }[column])).join(','));
  return [COLUMNS.join(','), ...lines, ''].join('\r\n');
}

function levelRow({ variant, metric, track, value, low, high, reason }: Level): Cells {
  return { type: 'level', variant, metric, unit: METRICS[metric].unit, track, value, low, high, reason };
}

function effectRow(run: RunRecord, effect: Effect): Cells {
  const { candidate, baseline, metric, track, ratio, low, high, verdict, gated, reason } = effect;
  const outcome = analysisOf(run).gate.find(
    (one) => gated && one.metric === metric && one.candidate === candidate && one.baseline === baseline,
  );
  return {
    type: 'effect',
    variant: candidate,
    baseline,
    metric,
    unit: METRICS[metric].unit,
    track,
    value: ratio,
    low,
    high,
    difference: effect.difference,
    difference_low: effect.differenceLow,
    difference_high: effect.differenceHigh,
    verdict,
    gated,
    gate: outcome?.outcome ?? null,
    reason,
  };
}

function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = visibleText(value);
  const harmless = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
