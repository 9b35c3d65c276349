/** What people compare in the usual way: each is a cost for one request, so that more of it is worse. */

/** The metrics, their names as Go benchmarks, and their words in tables. */
export const USUAL_METRICS = {
  'time.per_request': { benchmark: 'TimePerRequest', words: 'requests/s' },
  'latency.mean': { benchmark: 'LatencyMean', words: 'mean latency' },
  'latency.p50': { benchmark: 'LatencyP50', words: 'p50' },
  'latency.p99': { benchmark: 'LatencyP99', words: 'p99' },
  'cpu.per_request': { benchmark: 'CPUPerRequest', words: 'CPU per request' },
} as const;
export type UsualMetric = keyof typeof USUAL_METRICS;

/** Their names in the order of tables. */
export const USUAL_METRIC_NAMES = Object.keys(USUAL_METRICS) as readonly UsualMetric[];

/** One run of a generator, in µs for one request of each metric that it has. */
export interface UsualRun {
  readonly requests: number;
  readonly micros: Readonly<Partial<Record<UsualMetric, number>>>;
}
