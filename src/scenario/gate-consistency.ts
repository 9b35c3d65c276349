/** What gate rules, the metrics' catalogue and the planned slices must agree on. */
import { isMetricName, METRIC_NAMES, METRICS, type MetricName } from '../record/index.js';
import type { Check, Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';
import { quote } from './fault.js';
import { mendUnknown } from './suggestion.js';

/** Metrics that only a steady state of seconds can give. */
function needsLongSlices(metric: MetricName): boolean {
  return (
    metric.startsWith('latency.') ||
    ['throughput', 'cpu.user_per_request', 'cpu.system_per_request', 'cpu.machine_per_request'].includes(
      metric,
    )
  );
}

/** Metrics of the data plane's own processes: `direct` has none. */
function isOfDataPlane(metric: MetricName): boolean {
  return /^(cpu\.(per|user|system)|ctx_switches|alloc|gc|memory)/.test(metric);
}

export const checkGate: Check = ({ gate, slices, variants }) =>
  gate.flatMap((rule, index) => {
    if (rule.metric === undefined) return [];
    const path = ['gate', index, 'metric'];
    if (!isMetricName(rule.metric)) {
      return [
        { path, message: `unknown metric ${quote(rule.metric)}${mendUnknown(rule.metric, METRIC_NAMES)}` },
      ];
    }
    const { metric } = rule;
    const found: Disagreement[] = [];
    const lower = METRICS[metric].goodness === 'lower';
    const [right, wrong] = lower
      ? (['maxIncrease', 'maxDecrease'] as const)
      : (['maxDecrease', 'maxIncrease'] as const);
    if (rule[wrong] !== undefined) {
      found.push({
        path: ['gate', index, wrong],
        message: `\`${metric}\` is better when ${lower ? 'lower' : 'higher'}, so its limit is \`${right}\`, not \`${wrong}\``,
      });
    }
    if (slices !== null && slices.duration === undefined && needsLongSlices(metric)) {
      found.push({
        path,
        message: `\`${metric}\` cannot be decided by short slices; add \`slices.duration\` or gate another metric`,
      });
    }
    for (const [position, id] of (rule.variants ?? []).entries()) {
      const variant = variants.find((one) => one.id === id);
      if ((variant?.kind ?? variant?.id) !== 'direct' || !isOfDataPlane(metric)) continue;
      found.push({
        path: ['gate', index, 'variants', position],
        message: `${quote(id)} has no proxy, so it has no \`${metric}\` to judge`,
      });
    }
    return found;
  });

/** Rules without a limit, told from what was written. */
export function checkGateLimits(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  return draft.gate.flatMap((rule, index) => {
    if (isWritten(['gate', index, 'maxIncrease']) || isWritten(['gate', index, 'maxDecrease'])) return [];
    if (rule.metric === undefined || !isMetricName(rule.metric)) return [];
    const limit = METRICS[rule.metric].goodness === 'lower' ? 'maxIncrease' : 'maxDecrease';
    return [{ path: ['gate', index], message: `a gate rule needs a limit; add \`${limit}: 5%\`` }];
  });
}
