/** What the decisions of `npm run bench:usual-way` came to, a line each, kept in the repository and told as a table. */
import { z } from 'zod';
import { keepLine, keptFile, machineShape, plantedShape, readKept } from './kept-lines.js';
import {
  grouped,
  inOrder,
  kindOf,
  machinesText,
  markdownTable,
  mean,
  meanChangeText,
  plantedText,
  shareText,
} from './telling.js';
import type { UsualDecision } from './usual-decision.js';
import { USUAL_GENERATORS } from './usual-generators.js';
import { USUAL_METRIC_NAMES, USUAL_METRICS, type UsualMetric, type UsualRun } from './usual-metrics.js';

const OUTCOMES_FILE = keptFile('usual-way.jsonl');

const metricOutcome = z.object({
  baselineMeanMicros: z.number(),
  candidateMeanMicros: z.number(),
  /** Of each run, in the order in which they were made. */
  baselineMicros: z.array(z.number()),
  candidateMicros: z.array(z.number()),
  /** By benchstat, and `~` is its sign for no significant difference. */
  p: z.number().nullable(),
  verdict: z.enum(['worse', 'better', '~']),
});
export type UsualMetricOutcome = z.infer<typeof metricOutcome>;

const outcomeLine = z.object({
  at: z.string(),
  meshmarkVersion: z.string(),
  machine: machineShape,
  planted: plantedShape,
  burnMicros: z.number(),
  generator: z.object({ name: z.enum(USUAL_GENERATORS), version: z.string() }),
  /** How long the decision was given, and what each of its runs had of it. */
  seconds: z.number(),
  runSeconds: z.number(),
  /** What it took, every start and benchstat included. */
  wallSeconds: z.number(),
  metrics: z.partialRecord(z.enum(USUAL_METRIC_NAMES as [UsualMetric, ...UsualMetric[]]), metricOutcome),
});
export type UsualOutcome = z.infer<typeof outcomeLine>;

/** Keeps an outcome at once, so that a series that is cut short loses nothing. */
export function appendUsualOutcome(outcome: UsualOutcome, file: string = OUTCOMES_FILE): void {
  keepLine(file, outcome);
}

/** Every outcome that was kept; none where there is no file. Throws ZodError for a line that is none. */
export function readUsualOutcomes(file: string = OUTCOMES_FILE): UsualOutcome[] {
  return readKept(file, outcomeLine);
}

/** The runs and findings of a decision by metric. Throws Error where benchstat left out a metric that every run has. */
export function metricsOf(decision: UsualDecision): UsualOutcome['metrics'] {
  const metrics: UsualOutcome['metrics'] = {};
  for (const metric of USUAL_METRIC_NAMES) {
    const baselineMicros = valuesOf(decision.baseline, metric);
    const candidateMicros = valuesOf(decision.candidate, metric);
    if (baselineMicros.length === 0) continue;
    const finding = decision.findings.get(metric);
    if (finding === undefined) throw new Error(`benchstat said nothing of ${metric}`);
    metrics[metric] = {
      baselineMeanMicros: rounded(mean(baselineMicros)),
      candidateMeanMicros: rounded(mean(candidateMicros)),
      baselineMicros,
      candidateMicros,
      ...finding,
    };
  }
  return metrics;
}

function valuesOf(runs: readonly UsualRun[], metric: UsualMetric): number[] {
  return runs.flatMap(({ micros }) => {
    const value = micros[metric];
    return value === undefined ? [] : [rounded(value)];
  });
}

/** To a nanosecond. */
function rounded(micros: number): number {
  return Math.round(micros * 1000) / 1000;
}

const HEAD = [
  'machine',
  'planted',
  'given',
  'generator',
  'metric',
  'decisions',
  'called worse',
  'called better',
  'mean change',
  'took',
];

/** A Markdown table: for each kind of machine, size, time, generator and metric, how often benchstat called B worse or better. */
export function usualTable(outcomes: readonly UsualOutcome[]): string {
  const cells = grouped([...outcomes].sort(inOrder), ({ machine, planted, seconds, generator }) => [
    kindOf(machine),
    planted.what,
    planted.size,
    seconds,
    generator.name,
  ]);
  return markdownTable(HEAD, cells.flatMap(rowsOf));
}

function rowsOf(outcomes: readonly UsualOutcome[]): string[][] {
  const [first] = outcomes;
  if (first === undefined) return [];
  const { planted, seconds, generator } = first;
  return USUAL_METRIC_NAMES.flatMap((metric) => {
    const of = outcomes.flatMap(({ metrics }) => metrics[metric] ?? []);
    if (of.length === 0) return [];
    const called = (verdict: UsualMetricOutcome['verdict']) =>
      shareText(of.filter((one) => one.verdict === verdict).length, of.length);
    // A run without a tick of CPU has no ratio.
    const ratios = of.map((one) => one.candidateMeanMicros / one.baselineMeanMicros);
    return [
      [
        machinesText(outcomes),
        plantedText(planted),
        `${seconds} s`,
        generator.name,
        USUAL_METRICS[metric].words,
        String(of.length),
        called('worse'),
        called('better'),
        meanChangeText(ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0)),
        `${mean(outcomes.map(({ wallSeconds }) => wallSeconds)).toFixed(1)} s`,
      ],
    ];
  });
}
