/** From what a tool told to the metrics of a record, by the record's own rules of what may be printed. */
import type { ImportedLevel, MetricName } from '../record/index.js';
import type { Told, ToolOutput } from './tool-output.js';

const PERCENTILES: readonly (readonly [MetricName, number, string])[] = [
  ['latency.p50', 0.5, 'p50'],
  ['latency.p90', 0.9, 'p90'],
  ['latency.p99', 0.99, 'p99'],
  ['latency.p99.9', 0.999, 'p99.9'],
];

/** Rule 7 of measurement: a percentile with fewer samples above it is a matter of luck. */
const FEWEST_SAMPLES_ABOVE = 10;

/** Latency, throughput and errors of one output; what it does not tell is null with the reason. */
export function importedLevels(output: ToolOutput): ImportedLevel[] {
  return [
    ...PERCENTILES.map(([metric, quantile, name]) => percentileLevel(output, metric, quantile, name)),
    output.maxNs === null
      ? absent('latency.max', `${output.tool} did not print a maximum`)
      : { metric: 'latency.max' as const, value: output.maxNs / 1e6, reason: null, within: null },
    toldLevel('throughput', output.throughput),
    toldLevel('errors.rate', output.errorRate),
  ];
}

function percentileLevel(
  { percentiles, samples, tool }: ToolOutput,
  metric: MetricName,
  quantile: number,
  name: string,
): ImportedLevel {
  const above = Math.floor((1 - quantile) * samples + 1e-6);
  if (above < FEWEST_SAMPLES_ABOVE) {
    return absent(metric, `fewer than ${FEWEST_SAMPLES_ABOVE} of the ${samples} samples lie above it`);
  }
  const told = percentiles.get(quantile);
  if (told === undefined) return absent(metric, `${tool} did not print ${name}`);
  return {
    metric,
    value: told.ns / 1e6,
    reason: null,
    within: told.within === null ? null : { low: told.within.lowNs / 1e6, high: told.within.highNs / 1e6 },
  };
}

function toldLevel(metric: MetricName, told: Told): ImportedLevel {
  return 'value' in told
    ? { metric, value: told.value, reason: null, within: null }
    : absent(metric, told.reason);
}

function absent(metric: MetricName, reason: string): ImportedLevel {
  return { metric, value: null, reason, within: null };
}
