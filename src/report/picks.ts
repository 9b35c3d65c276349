/** Which variant to switch on, by metric: the best of those compared with a baseline, and what cannot be told from it. */
import { type Effect, isBaseline, METRICS, type MetricName, type RunRecord } from '../record/index.js';
import { coverage } from './format.js';
import { type Comparison, headlineComparisons, worksInKernel } from './selection.js';
import { analysisOf } from './view.js';
import { changeText, hasRatio, intervalCoverage, rangeText } from './words.js';

type Known = Effect & { readonly ratio: number; readonly low: number; readonly high: number };

export interface VariantPick {
  readonly metric: MetricName;
  readonly baseline: string;
  /** How many candidates were compared with the baseline. */
  readonly candidates: number;
  /** The best effect that was decided as better; null when there is none. */
  readonly best: Known | null;
  /** Candidates that cannot be told apart from the best. */
  readonly rivals: readonly string[];
  /** Without a best: the one that comes closest to it, if any has an interval. */
  readonly closest: Known | null;
  /** True when every candidate was decided, and none as better. */
  readonly baselineStands: boolean;
}

/** In a closed loop there is no one rate at which latencies could be compared. */
function pickedMetrics(run: RunRecord): readonly MetricName[] {
  return [
    run.planned.model === 'closed' ? 'throughput' : 'latency.p99',
    'cpu.per_request',
    ...(worksInKernel(run) ? (['cpu.machine_per_request'] as const) : []),
  ];
}

/** One pick a metric and baseline of the scenario's own; none for a metric that was not compared. */
export function picks(run: RunRecord): readonly VariantPick[] {
  return headlineComparisons(run)
    .filter(({ baseline }) => isBaseline(run.planned, baseline))
    .flatMap((comparison) => pickedMetrics(run).flatMap((metric) => pickOf(run, comparison, metric) ?? []));
}

function pickOf(
  run: RunRecord,
  { baseline, candidates, effectOf }: Comparison,
  metric: MetricName,
): VariantPick | null {
  const effects = candidates.flatMap((candidate) => effectOf(candidate, metric) ?? []);
  if (effects.length === 0) return null;
  const sign = METRICS[metric].goodness === 'lower' ? 1 : -1;
  const known = effects.filter(hasRatio).sort((a, b) => sign * (a.ratio - b.ratio));
  const best = known.find(({ verdict }) => verdict === 'better') ?? null;
  return {
    metric,
    baseline,
    candidates: effects.length,
    best,
    rivals:
      best === null
        ? []
        : known
            .filter((other) => other.candidate !== best.candidate && !isApart(run, best, other))
            .map(({ candidate }) => candidate),
    closest: best === null ? (known[0] ?? null) : null,
    baselineStands: effects.every(({ verdict }) => verdict === 'worse' || verdict === 'equivalent'),
  };
}

/** By their own comparison where the run has one, else by intervals against the baseline that do not touch. */
function isApart(run: RunRecord, best: Known, other: Known): boolean {
  if (other.verdict === 'not-exercised' || other.verdict === 'invalid') return true;
  const own = analysisOf(run).effects.find(
    ({ metric, candidate, baseline }) =>
      metric === best.metric &&
      ((candidate === best.candidate && baseline === other.candidate) ||
        (candidate === other.candidate && baseline === best.candidate)),
  );
  if (own !== undefined && hasRatio(own)) return own.verdict === 'better' || own.verdict === 'worse';
  return best.high < other.low || best.low > other.high;
}

/** What is picked: "Lowest latency p99", "Highest throughput". */
export function pickTitle({ metric }: VariantPick): string {
  const { goodness, label } = METRICS[metric];
  return `${goodness === 'lower' ? 'Lowest' : 'Highest'} ${label}`;
}

/** What must be known beside the pick, in sentences; empty when nothing must. */
export function pickLimits(pick: VariantPick): readonly string[] {
  const { best, rivals, candidates } = pick;
  if (best === null) return [];
  return [
    ...(rivals.length === 0
      ? []
      : [
          `Not told apart from ${rivals.length === 1 ? rivals[0] : `${rivals.length} others: ${rivals.slice(0, 4).join(', ')}`}${rivals.length > 4 ? ' and more' : ''}.`,
        ]),
    ...(candidates > FLATTERING_CHOICE
      ? [`Best of ${candidates}: a choice among many flatters its winner.`]
      : []),
  ];
}

/** The best of so many is a little luckier than it is good. */
const FLATTERING_CHOICE = 4;

/** Why nothing was picked, as a sentence without a full stop. */
export function noPickSentence(pick: VariantPick, run: RunRecord): string {
  const { metric, baseline, candidates, closest, baselineStands } = pick;
  const known = closest === null ? null : changeText(closest);
  if (closest === null || known === null)
    return `Cannot tell: ${METRICS[metric].label} is not known of enough variants`;
  const figures = `${known.value}, ${coverage(intervalCoverage(closest, run.planned))} interval ${rangeText(known)}`;
  if (baselineStands) {
    return `${baseline} itself: nothing compared with it is better. Closest is ${closest.candidate} (${figures})`;
  }
  const among = candidates === 1 ? '' : `, the closest of ${candidates},`;
  return `Cannot tell: ${closest.candidate}${among} is not shown to be better than ${baseline} (${figures})`;
}
