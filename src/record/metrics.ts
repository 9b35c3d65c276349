/** The catalogue of metrics: every name a scenario, a gate rule or a report may use. */

/** `lower` when a smaller value is the better one. Decides which side of an interval is `worse`. */
export type Goodness = 'lower' | 'higher';

export interface MetricInfo {
  readonly unit: 'ms' | 'µs' | 'requests/s' | 'bytes' | 'objects' | 'count' | 'fraction';
  readonly goodness: Goodness;
  /** What a reader sees instead of the name. */
  readonly label: string;
  /** One sentence: what exactly is divided by what. */
  readonly definition: string;
}

const METRIC_TABLE = {
  'latency.p50': {
    unit: 'ms',
    goodness: 'lower',
    label: 'latency p50',
    definition: 'Median latency from the intended send time.',
  },
  'latency.p90': {
    unit: 'ms',
    goodness: 'lower',
    label: 'latency p90',
    definition: '90th percentile of latency from the intended send time.',
  },
  'latency.p99': {
    unit: 'ms',
    goodness: 'lower',
    label: 'latency p99',
    definition: '99th percentile of latency from the intended send time.',
  },
  'latency.p99.9': {
    unit: 'ms',
    goodness: 'lower',
    label: 'latency p99.9',
    definition: '99.9th percentile of latency from the intended send time.',
  },
  'latency.max': {
    unit: 'ms',
    goodness: 'lower',
    label: 'latency max',
    definition: 'Largest latency from the intended send time.',
  },
  throughput: {
    unit: 'requests/s',
    goodness: 'higher',
    label: 'throughput',
    definition: 'Completed requests divided by the measured time.',
  },
  'errors.rate': {
    unit: 'fraction',
    goodness: 'lower',
    label: 'error rate',
    definition: 'Requests that failed or timed out divided by requests sent.',
  },
  'cpu.per_request': {
    unit: 'µs',
    goodness: 'lower',
    label: 'CPU per request',
    definition:
      'CPU time of the data plane’s own processes (not the service, not the generator) divided by requests.',
  },
  'cpu.user_per_request': {
    unit: 'µs',
    goodness: 'lower',
    label: 'user CPU per request',
    definition: 'User-mode share of the data plane’s CPU time divided by requests.',
  },
  'cpu.system_per_request': {
    unit: 'µs',
    goodness: 'lower',
    label: 'system CPU per request',
    definition: 'Kernel-mode share of the data plane’s CPU time divided by requests.',
  },
  'cpu.machine_per_request': {
    unit: 'µs',
    goodness: 'lower',
    label: 'machine CPU per request',
    definition:
      'CPU time of the whole machine, soft interrupts and kernel workers included, less its idle control, divided by requests.',
  },
  'ctx_switches.per_request': {
    unit: 'count',
    goodness: 'lower',
    label: 'context switches per request',
    definition:
      'Voluntary and involuntary context switches of the data plane’s processes divided by requests.',
  },
  'alloc.bytes_per_request': {
    unit: 'bytes',
    goodness: 'lower',
    label: 'allocated bytes per request',
    definition: 'Heap bytes the data plane allocated divided by requests.',
  },
  'alloc.objects_per_request': {
    unit: 'objects',
    goodness: 'lower',
    label: 'allocated objects per request',
    definition: 'Heap objects the data plane allocated divided by requests.',
  },
  'gc.cycles_per_1k': {
    unit: 'count',
    goodness: 'lower',
    label: 'GC cycles per 1,000 requests',
    definition: 'Garbage collection cycles of the data plane divided by thousands of requests.',
  },
  'gc.pause.p99': {
    unit: 'ms',
    goodness: 'lower',
    label: 'GC pause p99',
    definition:
      '99th percentile of the data plane’s stop-the-world pauses, upper edge of the runtime’s bucket.',
  },
  'gc.cpu_fraction': {
    unit: 'fraction',
    goodness: 'lower',
    label: 'GC share of CPU',
    definition: 'CPU time the runtime spent on garbage collection divided by the data plane’s CPU time.',
  },
  'handshakes.per_request': {
    unit: 'count',
    goodness: 'lower',
    label: 'TLS handshakes per request',
    definition: 'TLS handshakes that the data plane completed towards its upstreams divided by requests.',
  },
  'cpu.per_handshake': {
    unit: 'µs',
    goodness: 'lower',
    label: 'CPU per handshake',
    definition:
      'CPU time of the data plane’s own processes divided by TLS handshakes, where there is about one for a request; the request that each carries is in it.',
  },
  'goroutines.max': {
    unit: 'count',
    goodness: 'lower',
    label: 'goroutines',
    definition: 'Largest number of goroutines in the data plane at the edge of a window.',
  },
  'memory.rss_peak': {
    unit: 'bytes',
    goodness: 'lower',
    label: 'peak memory',
    definition: 'Largest sum over rounds of the resident set peaks of the data plane’s processes.',
  },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof METRIC_TABLE;

export const METRICS: Readonly<Record<MetricName, MetricInfo>> = METRIC_TABLE;

export const METRIC_NAMES = Object.keys(METRIC_TABLE) as readonly MetricName[];

/** True when `name` is in the catalogue. */
export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRIC_TABLE, name);
}
