/** A line of the history: one figure of one run, with all that is needed to know what it is comparable with. */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Analysis, isBaseline, METRIC_NAMES, type MetricName, type RunRecord } from '../record/index.js';
import { unfairUnder } from '../stats/index.js';

export const HISTORY_SCHEMA = 'meshmark.history/1';

export const historyLine = z.object({
  schema: z.literal(HISTORY_SCHEMA),
  /** When the run began, ISO 8601. */
  time: z.iso.datetime(),
  runId: z.string(),
  /** Of the working directory when the line was written; null outside of a git repository. */
  commit: z.string().nullable(),
  /** Fingerprint of the machine. */
  machine: z.string(),
  /** The digest says whether two runs were asked the same; comments and layout of the file are not in it. */
  scenario: z.object({ name: z.string(), digest: z.string() }),
  variant: z.string(),
  /** What an effect's ratio is against; null where the value is a level, in the metric's unit. */
  baseline: z.string().nullable(),
  metric: z.enum(METRIC_NAMES as [MetricName, ...MetricName[]]),
  value: z.number(),
  /** Ends of the run's own interval; null where it has none. */
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type HistoryLine = z.infer<typeof historyLine>;

/** Kept of every run that has them; what its gate names is kept too. */
const PRIMARY_METRICS: readonly MetricName[] = [
  'cpu.per_request',
  'alloc.bytes_per_request',
  'latency.p50',
  'latency.p99',
  'throughput',
];

/**
 * The lines of a judged run: for each metric that is gated or primary, the level of every variant and the effect of
 * every candidate against its baseline. What has no value, or was not what its name says, has no line.
 */
export function linesOf(run: RunRecord, analysis: Analysis, commit: string | null): HistoryLine[] {
  const { planned } = run;
  const kept = new Set([
    ...planned.gate.map(({ metric }) => metric),
    ...PRIMARY_METRICS.filter((metric) => unfairUnder(metric, planned.model) === null),
  ]);
  const measured = new Set(run.variants.filter(({ status }) => status === 'measured').map(({ id }) => id));
  const withoutProcess = new Set(
    run.variants.filter(({ dataPlaneRoles }) => dataPlaneRoles.length === 0).map(({ id }) => id),
  );
  const common = {
    schema: HISTORY_SCHEMA,
    time: run.createdAt,
    runId: run.runId,
    commit,
    machine: run.machine.fingerprint,
    scenario: { name: run.scenario.name, digest: scenarioDigest(run) },
  } as const;

  const levels = new Map<string, HistoryLine>();
  for (const { variant, metric, track, value, low, high } of analysis.levels) {
    // The deciding track comes first.
    const key = JSON.stringify([variant, metric]);
    if (value === null || track === 'cross-check' || levels.has(key)) continue;
    if (!kept.has(metric) || !measured.has(variant)) continue;
    // Exactly nothing, by construction.
    if (value === 0 && withoutProcess.has(variant)) continue;
    levels.set(key, { ...common, variant, baseline: null, metric, value, low, high });
  }
  const effects = analysis.effects.flatMap((effect): HistoryLine[] => {
    const { candidate, baseline, metric, ratio, low, high } = effect;
    const judged = isBaseline(planned, baseline) || (planned.baseline ?? planned.baselines) === undefined;
    if (ratio === null || !judged || !kept.has(metric)) return [];
    if (!measured.has(candidate) || !measured.has(baseline)) return [];
    return [{ ...common, variant: candidate, baseline, metric, value: ratio, low, high }];
  });
  return [...levels.values(), ...effects];
}

/** What two lines of the same figure of the same run have in common, whenever and wherever they were written. */
export function identityOf(line: HistoryLine): string {
  // A run is called after its folder, and a folder may be the same for every run of a pipeline.
  return JSON.stringify([line.runId, line.time, seriesOf(line)]);
}

/** Lines with equal keys may be compared with one another, and no others. */
export function seriesOf(line: HistoryLine): string {
  return JSON.stringify([line.machine, line.scenario.digest, line.variant, line.baseline, line.metric]);
}

/** Digest of what a run asked: the scenario without its comments and layout, and the files that it names. */
export function scenarioDigest({
  scenario,
  drivers = [],
  requests,
}: Pick<RunRecord, 'scenario' | 'drivers' | 'requests'>): string {
  const files = [
    ...drivers.map(({ script }) => script?.sha256 ?? null),
    ...(requests ?? []).map(({ body }) => body?.sha256 ?? null),
  ].filter((digest) => digest !== null);
  const asked = JSON.stringify([parse(scenario.text), files]);
  return createHash('sha256').update(asked).digest('hex').slice(0, 16);
}
