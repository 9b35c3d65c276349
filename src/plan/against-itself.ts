/** A scenario's own traffic with one variant against itself, so that whatever is found is noise: the plan of a calibration. */
import type { MetricName } from '../record/index.js';
import { clusterMs, estimateMs, roundsThatFit } from './estimate.js';
import type { Plan } from './plan.js';
import type { SteppedPlan } from './steps.js';

/** With fewer, the noise of a spread is itself not known. */
const FEWEST_ROUNDS = 8;
/** Enough for any calibration. */
const MOST_ROUNDS = 1000;

/**
 * The baseline, or the first other variant where that is `direct`, beside itself for about so long, judged by the metrics of
 * the scenario's gate. Refused for scenarios without a baseline and for several workloads.
 */
export function againstItself(plan: Plan, timeMs: number): SteppedPlan {
  const { baseline, gate } = plan.analysis;
  const own = plan.variants.find(({ id, form }) => id === baseline && form.type !== 'direct');
  const subject = own ?? plan.variants.find(({ form }) => form.type !== 'direct');
  if (baseline === null || plan.cells.length > 0 || subject === undefined) {
    return {
      ok: false,
      faults: [
        'a calibration is of one variant under one workload: name a scenario with a `baseline`, without `matrix`, and with a data plane',
      ],
    };
  }
  const again = { ...subject, id: `${subject.id}-again` };
  const asked = {
    ...plan.schedule,
    rounds: MOST_ROUNDS,
    replicas: MOST_ROUNDS,
    budgetMs: timeMs,
    confirmBudgetMs: 0,
    crossCheck: null,
    profiles: null,
  };
  const rounds = Math.max(FEWEST_ROUNDS, roundsThatFit(asked, 2));
  const schedule = { ...asked, rounds, replicas: rounds };
  const neededMs = estimateMs(schedule, 2);
  const metrics = new Set<MetricName>(['cpu.per_request', ...gate.map(({ metric }) => metric)]);
  const { looks: _, offloadCeiling: __, ...analysis } = plan.analysis;
  return {
    ok: true,
    plan: {
      ...plan,
      schedule: { ...schedule, budgetMs: Math.max(timeMs, 2 * neededMs) },
      variants: [subject, again],
      counterparts: { [subject.id]: null, [again.id]: null },
      ablation: null,
      analysis: {
        ...analysis,
        baseline: subject.id,
        pairs: [{ candidate: again.id, baseline: subject.id }],
        gate: [...metrics]
          .map(
            (metric) =>
              gate.find((rule) => rule.metric === metric) ?? {
                metric,
                maxIncrease: 0.05,
                maxDecrease: null,
                variants: null,
              },
          )
          .map((rule) => ({ ...rule, variants: [again.id] })),
        rounds,
        replicas: rounds,
      },
      estimatedSeconds: (neededMs + clusterMs(plan.cluster.provider, schedule)) / 1000,
    },
  };
}
