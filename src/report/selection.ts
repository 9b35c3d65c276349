/** Which effects lead: the choice of comparisons and metrics for the first screen and the summaries. */
import { type Effect, isBaseline, type MetricName, type Pair, type RunRecord } from '../record/index.js';
import { analysisOf } from './view.js';
import { controls } from './words.js';

export interface Comparison {
  readonly baseline: string;
  readonly candidates: readonly string[];
  readonly effectOf: (candidate: string, metric: MetricName) => Effect | undefined;
}

/**
 * What was asked, one entry per baseline, the scenario's own first (one in each cell). Comparisons with a control are left
 * to the overhead section, unless there is nothing else, and factors taken off a whole to the section on ablation.
 */
export function headlineComparisons(run: RunRecord): readonly Comparison[] {
  const { effects } = analysisOf(run);
  const control = controls(run);
  const { ablation, planned } = run;
  const takenOff = (pair: Pair) =>
    pair.baseline === ablation?.to && ablation.factors.some(({ off }) => off === pair.candidate);
  const asked = run.planned.pairs.filter(
    (pair) =>
      !control.has(pair.candidate) &&
      (!control.has(pair.baseline) || isBaseline(planned, pair.baseline)) &&
      (isBaseline(planned, pair.baseline) || !takenOff(pair)),
  );
  const pairs = asked.length > 0 ? asked : run.planned.pairs;
  const baselines = [...new Set(pairs.map((pair) => pair.baseline))].sort(
    (a, b) => Number(isBaseline(planned, b)) - Number(isBaseline(planned, a)),
  );
  return baselines.map((baseline) => ({
    baseline,
    candidates: [
      ...new Set(pairs.filter((pair) => pair.baseline === baseline).map((pair) => pair.candidate)),
    ],
    effectOf: (candidate, metric) =>
      effects.find(
        (effect) =>
          effect.candidate === candidate && effect.baseline === baseline && effect.metric === metric,
      ),
  }));
}

/** With more baselines than this beside the scenario's own, a table for each would hide what they say. */
const MOST_OTHER_BASELINES = 1;

/** The same comparisons, as tables to print: many small ones are joined to one list of pairs. */
export function comparisonTables(run: RunRecord): {
  readonly byBaseline: readonly Comparison[];
  /** Pairs for one table; empty when each baseline has its own. */
  readonly pairs: readonly (Pair & { readonly effectOf: (metric: MetricName) => Effect | undefined })[];
} {
  const comparisons = headlineComparisons(run);
  const others = comparisons.filter(({ baseline }) => !isBaseline(run.planned, baseline));
  if (others.length <= MOST_OTHER_BASELINES) return { byBaseline: comparisons, pairs: [] };
  return {
    byBaseline: comparisons.filter(({ baseline }) => isBaseline(run.planned, baseline)),
    pairs: others.flatMap(({ baseline, candidates, effectOf }) =>
      candidates.map((candidate) => ({
        candidate,
        baseline,
        effectOf: (metric: MetricName) => effectOf(candidate, metric),
      })),
    ),
  };
}

/** Claims of variants that leave work to the kernel, where no process is charged for it. */
const KERNEL_CLAIM = /^(messages|kernel-forwarding|connects-redirected|intercepted|kernel-policy)\b/;

/** Whether CPU by process alone would flatter a variant. */
export function worksInKernel(run: RunRecord): boolean {
  return run.variants.some(({ claims }) => claims.some((claim) => KERNEL_CLAIM.test(claim)));
}

/** The metrics of the first screen: latency, CPU, garbage collection, and whatever the gate is about. */
export function headlineMetrics(run: RunRecord): readonly MetricName[] {
  const usual: readonly MetricName[] = [
    ...(run.planned.model === 'closed' ? (['throughput'] as const) : []),
    'latency.p50',
    'latency.p99',
    'cpu.per_request',
    ...(worksInKernel(run) ? (['cpu.machine_per_request'] as const) : []),
    'alloc.bytes_per_request',
    'gc.cpu_fraction',
  ];
  const gated = run.planned.gate.map((rule) => rule.metric);
  return [...new Set([...usual, ...gated])];
}

/** In the order in which a reader wants to hear of them. */
const LEADING: readonly MetricName[] = [
  'cpu.per_request',
  'latency.p99',
  'latency.p50',
  'alloc.bytes_per_request',
  'gc.cpu_fraction',
  'throughput',
];
const MOST_SENTENCES = 5;

/**
 * The effects to say in words: gated ones, then what was decided, then what could not be; at most five. With
 * many candidates the table says it better, and only the gated and the decided CPU and tail latency lead.
 */
export function leadingEffects(run: RunRecord, effects: readonly Effect[]): readonly Effect[] {
  const comparisons = headlineComparisons(run);
  const asked = effects.filter((effect) =>
    comparisons.some(
      ({ baseline, candidates }) => baseline === effect.baseline && candidates.includes(effect.candidate),
    ),
  );
  const rank = (effect: Effect) => {
    const place = LEADING.indexOf(effect.metric);
    const decided =
      effect.verdict === 'better' || effect.verdict === 'worse' || effect.verdict === 'equivalent';
    return (effect.gated ? 0 : 100) + (decided ? 0 : 50) + (place === -1 ? 40 : place);
  };
  return asked
    .filter((effect) => effect.gated || LEADING.includes(effect.metric))
    .filter((effect) => effect.gated || effect.verdict !== 'unavailable')
    .map((effect, index) => ({ effect, index }))
    .sort((a, b) => rank(a.effect) - rank(b.effect) || a.index - b.index)
    .slice(0, MOST_SENTENCES)
    .map(({ effect }) => effect);
}
