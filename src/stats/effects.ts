/** Levels and effects: every metric of every variant, and every planned pair against each other. */
import {
  type Effect,
  type Level,
  METRIC_NAMES,
  type MetricName,
  type Pair,
  type PlannedAnalysis,
  type RunVariant,
  type Track,
} from '../record/index.js';
import { type Comparison, compare, estimateLevel } from './comparison.js';
import { type Evidence, isUsable, pairedBlocks } from './evidence.js';
import type { GatedLevel } from './gated-level.js';
import { FEWEST_UNITS } from './jackknife.js';
import { besideTracks, decidingTrack, failures, measure } from './metric-evidence.js';
import { gatedEffects, holm } from './multiplicity.js';
import type { Measured } from './statistic.js';
import { judge, unfairUnder } from './verdict.js';
import { gcActivity } from './window-metrics.js';

/** Rule 2 of measurement: fewer collections than this say little about what collecting costs. */
export const FEWEST_GC_CYCLES = 30;

/** A figure would be read as that of the mechanism, which was not at work. */
const NOT_EXERCISED = 'it did not do what its name says, so it has no figure';

type EvidenceByVariant = ReadonlyMap<string, Evidence>;

/** Reads each metric of each variant and track once, however many pairs ask for it. */
export function createMeasurements(
  evidence: EvidenceByVariant,
): (variant: string, metric: MetricName, track: Track) => Measured {
  const known = new Map<string, Measured>();
  return (variant, metric, track) => {
    const key = `${variant} ${metric} ${track}`;
    const own = evidence.get(variant);
    const measured =
      known.get(key) ??
      (own === undefined
        ? ({ state: 'absent', reason: 'there is no such variant' } as const)
        : own.variant.status === 'not-exercised'
          ? ({ state: 'absent', reason: NOT_EXERCISED } as const)
          : measure(own, metric, track));
    known.set(key, measured);
    return measured;
  };
}

export type Measurements = ReturnType<typeof createMeasurements>;

/** The value of every metric of every variant: from the deciding track first, then from those shown beside. */
export function levelsOf(
  planned: PlannedAnalysis,
  variants: readonly RunVariant[],
  measurements: Measurements,
  evidence: EvidenceByVariant,
): Level[] {
  const levelOf = (variant: RunVariant, metric: MetricName, track: Track): Level => {
    const measured = measurements(variant.id, metric, track);
    return { variant: variant.id, metric, track, ...estimateLevel(measured, planned.confidence) };
  };
  const deciding = variants.flatMap((variant) =>
    METRIC_NAMES.map((metric) => levelOf(variant, metric, decidingTrack(metric, planned))),
  );
  const beside = variants.flatMap((variant) =>
    METRIC_NAMES.flatMap((metric) =>
      measuredBeside(metric, planned, evidence.get(variant.id)).map((track) =>
        levelOf(variant, metric, track),
      ),
    ),
  );
  return [...deciding, ...beside];
}

function measuredBeside(
  metric: MetricName,
  planned: PlannedAnalysis,
  evidence: Evidence | undefined,
): Track[] {
  return besideTracks(metric, planned).filter((track) => (evidence?.usable[track].length ?? 0) > 0);
}

/** The deciding effects of every pair, and the same metrics from the other tracks. */
export function effectsOf(
  planned: PlannedAnalysis,
  measurements: Measurements,
  evidence: EvidenceByVariant,
  gatedLevel: GatedLevel,
): { effects: Effect[]; besideEffects: Effect[] } {
  const gated = new Set(gatedEffects(planned).map(effectKey));
  const deciding = planned.pairs.flatMap((pair) =>
    METRIC_NAMES.map((metric) => {
      const isGated = gated.has(effectKey({ metric, ...pair }));
      return oneEffect(
        planned,
        measurements,
        evidence,
        pair,
        metric,
        decidingTrack(metric, planned),
        isGated ? gatedLevel : null,
      );
    }),
  );
  const gatedOnes = deciding.filter(({ effect }) => effect.gated);
  const adjusted = new Map(
    holm(gatedOnes.map(({ p }) => (p === null ? null : gatedLevel.pOf(p)))).map(
      (p, index) => [gatedOnes[index]?.effect, p] as const,
    ),
  );
  return {
    effects: deciding.map(({ effect, estimate }) => ({
      ...effect,
      pAdjusted: adjusted.get(effect) ?? null,
      ...(effect.gated && estimate !== null ? { estimate } : {}),
    })),
    besideEffects: planned.pairs.flatMap((pair) =>
      METRIC_NAMES.flatMap((metric) =>
        measuredBeside(metric, planned, evidence.get(pair.candidate)).map(
          (track) => oneEffect(planned, measurements, evidence, pair, metric, track, null).effect,
        ),
      ),
    ),
  };
}

function effectKey(effect: Pair & { readonly metric: MetricName }): string {
  return JSON.stringify([effect.metric, effect.candidate, effect.baseline]);
}

/** One effect by its deciding track as a gate judges it, with the estimate behind it. */
export function gatedEffect(
  planned: PlannedAnalysis,
  measurements: Measurements,
  evidence: EvidenceByVariant,
  { metric, candidate, baseline }: Pair & { readonly metric: MetricName },
  level: GatedLevel,
): { effect: Effect; estimate: Comparison['estimate'] } {
  const pair = { candidate, baseline };
  return oneEffect(planned, measurements, evidence, pair, metric, decidingTrack(metric, planned), level);
}

/** `level` is null for what no gate judges. */
function oneEffect(
  planned: PlannedAnalysis,
  measurements: Measurements,
  evidence: EvidenceByVariant,
  pair: Pair,
  metric: MetricName,
  track: Track,
  level: GatedLevel | null,
): { effect: Effect; p: number | null; estimate: Comparison['estimate'] } {
  const confidence = level?.confidence ?? planned.confidence;
  const comparison = compare(
    measurements(pair.candidate, metric, track),
    measurements(pair.baseline, metric, track),
    confidence,
  );
  const both = [evidence.get(pair.candidate), evidence.get(pair.baseline)] as const;
  const paired =
    both[0] === undefined || both[1] === undefined
      ? { blocks: 0, rounds: 0 }
      : pairedBlocks(both[0], both[1], track, comparison.replicas);
  const judged = judge(metric, comparison, planned.margin);
  // Cross-checks are closed loops whatever the plan's own slices are.
  const model = track === 'cross-check' ? 'closed' : planned.model;
  const overruled =
    overruledByVariants(both, metric, track) ??
    inconclusive(
      comparison.ratio.value === null && comparison.difference.value === null
        ? comparison.reason
        : (tooFewRounds(comparison, paired.rounds) ??
            failedApart(both, metric) ??
            unfairUnder(metric, model) ??
            tooFewCollections(both, metric, track)),
    );
  return {
    p: comparison.p,
    estimate: comparison.estimate,
    effect: {
      metric,
      ...pair,
      track,
      ratio: comparison.ratio.value,
      low: comparison.ratio.low,
      high: comparison.ratio.high,
      difference: comparison.difference.value,
      differenceLow: comparison.difference.low,
      differenceHigh: comparison.difference.high,
      pAdjusted: null,
      gated: level !== null,
      blocks: paired.blocks,
      replicas: comparison.replicas.length,
      ...(overruled ?? judged),
    },
  };
}

type Judgement = Pick<Effect, 'verdict' | 'reason' | 'overruled'>;

function inconclusive(reason: string | null): Judgement | null {
  return reason === null ? null : { verdict: 'inconclusive', reason, overruled: true };
}

/** A variant that did not run, or not as it claims, decides nothing; nor do slices that the generator spoilt. */
function overruledByVariants(
  both: readonly (Evidence | undefined)[],
  metric: MetricName,
  track: Track,
): Judgement | null {
  for (const status of ['unavailable', 'failed', 'not-exercised'] as const) {
    const found = both.find((one) => one?.variant.status === status)?.variant;
    if (found !== undefined) {
      return {
        verdict: status,
        reason: `${found.id} is ${status}${found.reason === null ? '' : `: ${found.reason}`}`,
      };
    }
  }
  if (metric === 'errors.rate') return null;
  for (const one of both) {
    const planned =
      one?.slices.filter((slice) => slice.track === track && slice.status.state === 'measured') ?? [];
    const invalid = planned.filter((slice) => !isUsable(slice));
    const [first] = invalid;
    if (first !== undefined) {
      return {
        verdict: 'invalid',
        reason: `${invalid.length} of ${planned.length} ${track} slices of ${first.variant} are invalid: ${first.validity.reasons[0] ?? 'no reason was recorded'}`,
      };
    }
  }
  return null;
}

/**
 * Above this difference in the share of requests that failed, two variants did different work: refusing a request is
 * cheaper and faster than serving it.
 */
const FAILED_APART = 0.01;

function failedApart(both: readonly (Evidence | undefined)[], metric: MetricName): string | null {
  if (metric === 'errors.rate') return null;
  const shares = both.map((one) => {
    const requests = one?.slices.reduce((sum, slice) => sum + slice.requests, 0) ?? 0;
    const failed = one?.slices.reduce((sum, slice) => sum + failures(slice.errors), 0) ?? 0;
    return requests === 0 ? 0 : failed / requests;
  });
  const [candidate = 0, baseline = 0] = shares;
  if (Math.abs(candidate - baseline) <= FAILED_APART) return null;
  const words = (share: number) => `${Number((share * 100).toPrecision(2))} %`;
  return `${words(candidate)} of the requests through ${both[0]?.variant.id} failed and ${words(baseline)} of those through ${both[1]?.variant.id}: failing is other work than serving`;
}

function tooFewRounds(comparison: Comparison, rounds: number): string | null {
  return comparison.reason === null && rounds < FEWEST_UNITS
    ? `${rounds} round${rounds === 1 ? '' : 's'} measured both; a verdict needs ${FEWEST_UNITS}`
    : null;
}

function tooFewCollections(
  both: readonly (Evidence | undefined)[],
  metric: MetricName,
  track: Track,
): string | null {
  if (!metric.startsWith('cpu.')) return null;
  for (const one of both) {
    const activity = one === undefined ? null : gcActivity(one, track);
    if (one !== undefined && activity?.collects === true && activity.cycles < FEWEST_GC_CYCLES) {
      return `${one.variant.id} collected garbage ${activity.cycles} times in the run; CPU needs ${FEWEST_GC_CYCLES} collections to be judged`;
    }
  }
  return null;
}
