/** The verdicts as lines of text for a terminal, and as JSON for machines. */
import {
  type Effect,
  type GateResult,
  METRICS,
  type MetricName,
  type RunRecord,
  type Validity,
  type Verdict,
} from '../record/index.js';
import { confirmationSentence, endingSentence } from '../report/index.js';
import type { JudgedRun } from './judge.js';
import type { ExitCode } from './outcome.js';
import { stepLines } from './step-summary.js';
import { type Paint, plainText, textTable } from './terminal.js';

/** What a reader asks first: latency, CPU, allocation, GC. */
const HEADLINE: readonly MetricName[] = [
  'latency.p50',
  'latency.p99',
  'cpu.per_request',
  'alloc.bytes_per_request',
  'gc.cycles_per_1k',
];

/** The headline table, gate outcomes and validity of a judged run. */
export function summaryLines(judged: JudgedRun, paint: Paint): string[] {
  return [
    '',
    ...pairTables(judged, paint),
    ...stepLines(judged, paint),
    ...besideLines(judged),
    ...variantLines(judged, paint),
    ...gateLines(judged.run, judged.analysis.gate, judged.analysis.validity, paint),
  ];
}

/** A table for the run's baseline, or for that of each cell. */
function pairTables(judged: JudgedRun, paint: Paint): string[] {
  const { baseline, baselines } = judged.run.planned;
  return (baselines ?? [baseline]).flatMap((one) => (one === null ? [] : pairTable(judged, one, paint)));
}

function pairTable(judged: JudgedRun, baseline: string, paint: Paint): string[] {
  const candidates = [
    ...new Set(
      judged.analysis.effects
        .filter((effect) => effect.baseline === baseline)
        .map((effect) => effect.candidate),
    ),
  ];
  const rows = candidates.flatMap((candidate) =>
    HEADLINE.filter((metric) => judged.run.planned.hasLong || !metric.startsWith('latency.')).flatMap(
      (metric) => {
        const effect = judged.analysis.effects.find(
          (one) => one.metric === metric && one.candidate === candidate && one.baseline === baseline,
        );
        return effect === undefined ? [] : [effectCells(effect)];
      },
    ),
  );
  if (rows.length === 0) return [];
  const confidence = Math.round(judged.run.planned.confidence * 1000) / 10;
  return [
    ...textTable(
      [[`against ${baseline}`, 'change', `${confidence} % interval`, 'difference', 'verdict'], ...rows],
      (cell, row) => (row === 0 ? paint('dim', cell) : paintVerdict(cell, paint)),
    ),
    '',
  ];
}

function effectCells(effect: Effect): string[] {
  const { unit } = METRICS[effect.metric];
  const change = effect.ratio === null ? '–' : percent(effect.ratio);
  const range =
    effect.low === null || effect.high === null ? '–' : `${percent(effect.low)} … ${percent(effect.high)}`;
  const difference = effect.difference === null ? '–' : `${signed(effect.difference)} ${unit}`;
  return [`${effect.candidate} ${METRICS[effect.metric].label}`, change, range, difference, effect.verdict];
}

function percent(ratio: number): string {
  return `${signed((ratio - 1) * 100)} %`;
}

/** Three digits that matter, with a sign. */
function signed(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2);
  return `${value < 0 ? '−' : '+'}${digits}`;
}

const VERDICT_STYLE: Readonly<Partial<Record<Verdict, Parameters<Paint>[0]>>> = {
  better: 'green',
  worse: 'red',
  inconclusive: 'yellow',
  'not-exercised': 'red',
  failed: 'red',
  invalid: 'red',
};

function paintVerdict(cell: string, paint: Paint): string {
  const style = VERDICT_STYLE[cell as Verdict];
  return style === undefined ? cell : paint(style, cell);
}

/** More contradictions than this are one finding, that the load matters, and the report has them all. */
const CONTRADICTIONS_SHOWN = 3;

function besideLines(judged: JudgedRun): string[] {
  const { disagreements } = judged.analysis;
  const shown = disagreements.slice(0, CONTRADICTIONS_SHOWN);
  const more = disagreements.length - shown.length;
  return [
    ...shown.map(({ explanation }) => `Another load tells another story: ${explanation}`),
    ...(more > 0 ? [`${more} more such contradictions are in the report.`] : []),
  ];
}

function variantLines(judged: JudgedRun, paint: Paint): string[] {
  return judged.run.variants
    .filter((variant) => variant.status !== 'measured')
    .map(
      (variant) =>
        `${variant.id}: ${paint('red', variant.status)}: ${plainText(variant.reason ?? 'no reason was recorded')}`,
    );
}

/** Why a run ended early if it did, the outcome of each gate rule, then the run's validity with its reasons. */
export function gateLines(
  run: RunRecord,
  gate: readonly GateResult[],
  validity: Validity,
  paint: Paint,
): string[] {
  const styles = { pass: 'green', fail: 'red', undecided: 'yellow' } as const;
  const reasons = validity.reasons.map((reason) => `  ${plainText(reason)}`);
  return [
    ...[endingSentence(run)].filter((line) => line !== null),
    ...gate.map(
      ({ metric, candidate, baseline, outcome, explanation }) =>
        `gate ${paint(styles[outcome], outcome)}: ${candidate} against ${baseline}, ${METRICS[metric].label}: ${explanation}`,
    ),
    ...[confirmationSentence(run)].filter((line) => line !== null),
    `This run is ${validity.status === 'valid' ? paint('green', 'valid') : paint('yellow', validity.status)}${reasons.length > 0 ? ':' : '.'}`,
    ...reasons,
  ];
}

/** The result for machines: everything but the raw lines, whose folder it names. */
export function resultJson(directory: string, judged: JudgedRun, exitCode: ExitCode): unknown {
  const { run, analysis } = judged;
  return {
    schema: 'meshmark.result/1',
    directory,
    exitCode,
    state: run.state,
    seed: run.seed,
    ...(run.against === undefined ? {} : { against: run.against }),
    validity: analysis.validity,
    variants: run.variants.map(({ id, kind, status, reason, witness }) => ({
      id,
      kind,
      status,
      reason,
      witness,
    })),
    effects: analysis.effects,
    ...(analysis.curves === undefined ? {} : { curves: analysis.curves }),
    ...(analysis.sloResults === undefined ? {} : { sloResults: analysis.sloResults }),
    disagreements: analysis.disagreements,
    gate: analysis.gate,
    ...(run.ending === undefined ? {} : { ending: run.ending }),
    ...(run.confirmation === undefined ? {} : { confirmation: run.confirmation }),
  };
}
