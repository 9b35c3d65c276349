/** From a metric's name to what it is computed from, and which track decides it. */
import type { ErrorCounts, MetricName, PlannedAnalysis, Track } from '../record/index.js';
import { chargeCpu } from './cpu-charge.js';
import type { Evidence } from './evidence.js';
import {
  addTotals,
  largest,
  type Measured,
  quantileOf,
  quotient,
  type TotalsByReplica,
} from './statistic.js';
import {
  contextSwitchesPerRequest,
  cpuPerHandshake,
  gcCpuFraction,
  gcPauseP99,
  handshakesPerRequest,
  machinePerRequest,
  modePerRequest,
  mostGoroutines,
  peakMemory,
  runtimePerRequest,
} from './window-metrics.js';

/** Short slices decide sooner, but a short slice can tell neither a tail nor a split in ticks of 10 ms. */
const DECIDED_BY_MICRO: readonly MetricName[] = [
  'cpu.per_request',
  'alloc.bytes_per_request',
  'alloc.objects_per_request',
  'gc.cycles_per_1k',
  'gc.pause.p99',
  'gc.cpu_fraction',
  'handshakes.per_request',
  'cpu.per_handshake',
];

/** Metrics that any track can tell, whichever decides. */
const DECIDED_BY_ANY: readonly MetricName[] = [
  'errors.rate',
  'memory.rss_peak',
  'goroutines.max',
  'ctx_switches.per_request',
];

/** Shown beside from a second driver: what does not depend on the load being the same. */
const CROSS_CHECKED: readonly MetricName[] = [
  'throughput',
  'cpu.per_request',
  'alloc.bytes_per_request',
  'alloc.objects_per_request',
  'gc.cycles_per_1k',
];

const QUANTILES: Partial<Record<MetricName, number>> = {
  'latency.p50': 0.5,
  'latency.p90': 0.9,
  'latency.p99': 0.99,
  'latency.p99.9': 0.999,
};

/** The track whose slices decide a metric in a plan. */
export function decidingTrack(metric: MetricName, planned: PlannedAnalysis): Track {
  if (DECIDED_BY_MICRO.includes(metric)) return planned.hasMicro ? 'micro' : 'long';
  return DECIDED_BY_ANY.includes(metric) && !planned.hasLong ? 'micro' : 'long';
}

/** The other tracks that can tell the same metric, shown beside and never gated. */
export function besideTracks(metric: MetricName, planned: PlannedAnalysis): Track[] {
  const long: Track[] =
    planned.hasLong && planned.hasMicro && DECIDED_BY_MICRO.includes(metric) ? ['long'] : [];
  return CROSS_CHECKED.includes(metric) ? [...long, 'cross-check'] : long;
}

/** What is known of a metric of a variant from one track. */
export function measure(evidence: Evidence, metric: MetricName, track: Track): Measured {
  const quantile = QUANTILES[metric];
  if (quantile !== undefined) return quantileOf(evidence.longLatency, quantile, 'latency');
  switch (metric) {
    case 'latency.max':
      return latencyMaximum(evidence);
    case 'throughput':
      return throughput(evidence, track);
    case 'errors.rate':
      return errorRate(evidence);
    case 'cpu.machine_per_request':
      return machinePerRequest(evidence, track);
    default:
      return evidence.variant.dataPlaneRoles.length === 0
        ? withoutProcesses(metric)
        : measureProcesses(evidence, metric, track);
  }
}

function withoutProcesses(metric: MetricName): Measured {
  const reason = 'it has no data-plane process';
  // A share of nothing is not nothing.
  return metric === 'gc.pause.p99' || metric === 'gc.cpu_fraction' || metric === 'cpu.per_handshake'
    ? { state: 'absent', reason }
    : { state: 'zero', reason };
}

function measureProcesses(evidence: Evidence, metric: MetricName, track: Track): Measured {
  const { cpuFault } = evidence;
  if (cpuFault !== null && (metric.startsWith('cpu.') || metric === 'gc.cpu_fraction')) {
    return { state: 'absent', reason: cpuFault };
  }
  switch (metric) {
    case 'cpu.per_request':
      return cpuPerRequest(evidence, track);
    case 'cpu.user_per_request':
      return modePerRequest(evidence, track, 'user');
    case 'cpu.system_per_request':
      return modePerRequest(evidence, track, 'system');
    case 'ctx_switches.per_request':
      return contextSwitchesPerRequest(evidence, track);
    case 'alloc.bytes_per_request':
      return runtimePerRequest(evidence, track, 'allocBytes', 1);
    case 'alloc.objects_per_request':
      return runtimePerRequest(evidence, track, 'allocObjects', 1);
    case 'gc.cycles_per_1k':
      return runtimePerRequest(evidence, track, 'gcCycles', 1000);
    case 'gc.pause.p99':
      return gcPauseP99(evidence, track);
    case 'gc.cpu_fraction':
      return gcCpuFraction(evidence, track);
    case 'memory.rss_peak':
      return peakMemory(evidence);
    case 'goroutines.max':
      return mostGoroutines(evidence);
    case 'handshakes.per_request':
      return handshakesPerRequest(evidence, track);
    case 'cpu.per_handshake':
      return cpuPerHandshake(evidence, track);
    default:
      throw new RangeError(`${metric} is not a metric of processes`);
  }
}

function cpuPerRequest(evidence: Evidence, track: Track): Measured {
  const { totals } = chargeCpu(evidence, track);
  const statistic = quotient(totals, 1);
  if (statistic.replicas.length > 0) return { state: 'measured', statistic };
  const reason =
    evidence.usable[track].length === 0
      ? noSlices(track)
      : 'the CPU clocks of its processes could not be read';
  return { state: 'absent', reason };
}

function throughput(evidence: Evidence, track: Track): Measured {
  const totals: TotalsByReplica = new Map();
  for (const slice of evidence.usable[track]) {
    const seconds = (slice.endedAtMicros - slice.startedAtMicros) / 1e6;
    addTotals(totals, slice.replica, slice.requests - failures(slice.errors), seconds);
  }
  const statistic = quotient(totals, 1);
  return statistic.replicas.length === 0
    ? { state: 'absent', reason: noSlices(track) }
    : { state: 'measured', statistic };
}

/** From every slice, also failed and invalid ones: an error is an outcome. */
function errorRate(evidence: Evidence): Measured {
  const totals: TotalsByReplica = new Map();
  for (const slice of evidence.slices)
    addTotals(totals, slice.replica, failures(slice.errors), slice.requests);
  const statistic = quotient(totals, 1);
  return statistic.replicas.length === 0
    ? { state: 'absent', reason: 'no request was sent' }
    : { state: 'measured', statistic };
}

function latencyMaximum(evidence: Evidence): Measured {
  const byReplica = new Map<number, number>();
  for (const [replica, histogram] of evidence.longLatency.byReplica) {
    const highest = histogram.valuesNs.at(-1);
    if (highest !== undefined) byReplica.set(replica, highest / 1e6);
  }
  return byReplica.size === 0
    ? { state: 'absent', reason: noSlices('long') }
    : { state: 'measured', statistic: largest(byReplica) };
}

function noSlices(track: Track): string {
  return `no ${track} slice that may decide was measured`;
}

/** Requests that failed, of all causes. */
export function failures(errors: ErrorCounts): number {
  return errors.connect + errors.reset + errors.timeout + errors.status + errors.protocol;
}
