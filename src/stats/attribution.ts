/**
 * What moved together with an effect: where the CPU went, what was allocated and collected, which switches and waits
 * came or went. It is what the record shows side by side, and proves no cause.
 */
import {
  type Analysis,
  type Effect,
  type HopSplit,
  METRICS,
  type MetricName,
  type Pair,
} from '../record/index.js';

/** What one more metric of the same pair did while the effect's own moved. */
export interface Companion {
  readonly effect: Effect;
  /**
   * `with` cost moved the same way, `against` the other way, `still` did not move by more than the margin, `unknown`
   * cannot be told.
   */
  readonly state: 'with' | 'against' | 'still' | 'unknown';
}

/** Mean time of a request in one part of the path, in µs, of both. */
export interface HopChange {
  readonly name: string;
  readonly candidateMicros: number;
  readonly baselineMicros: number;
  /** True when their intervals do not touch. */
  readonly apart: boolean;
}

export interface Attribution {
  readonly effect: Effect;
  readonly companions: readonly Companion[];
  /**
   * Estimated difference of the collector's CPU in µs per request: each one's share of CPU times its CPU. Null where
   * a part of that is not known, and for effects that are not about CPU.
   */
  readonly collectorMicros: number | null;
  /** Largest change first; empty where hops were not timed, and for effects that are not about latency. */
  readonly hops: readonly HopChange[];
}

const CPU_COMPANIONS: readonly MetricName[] = [
  'cpu.user_per_request',
  'cpu.system_per_request',
  'alloc.bytes_per_request',
  'alloc.objects_per_request',
  'gc.cycles_per_1k',
  'gc.cpu_fraction',
  'ctx_switches.per_request',
  'handshakes.per_request',
];

const LATENCY_COMPANIONS: readonly MetricName[] = [
  'cpu.per_request',
  'cpu.system_per_request',
  'gc.pause.p99',
  'gc.cycles_per_1k',
  'alloc.bytes_per_request',
  'ctx_switches.per_request',
  'handshakes.per_request',
];

/** The effects that are asked about, each with what tells of its making. */
const COMPANIONS: Readonly<Partial<Record<MetricName, readonly MetricName[]>>> = {
  'cpu.per_request': CPU_COMPANIONS,
  'cpu.machine_per_request': CPU_COMPANIONS,
  'latency.p99': LATENCY_COMPANIONS,
  'latency.p50': LATENCY_COMPANIONS,
  throughput: ['cpu.per_request', ...CPU_COMPANIONS],
};

/**
 * One entry for each decided effect of the pair on CPU, latency or throughput, in that order. `margin` is what counts
 * as no difference, as a fraction.
 */
export function attributionsOf(analysis: Analysis, pair: Pair, margin: number): readonly Attribution[] {
  const own = analysis.effects.filter(
    ({ candidate, baseline }) => candidate === pair.candidate && baseline === pair.baseline,
  );
  return Object.entries(COMPANIONS).flatMap(([metric, companions]): Attribution[] => {
    const effect = own.find((one) => one.metric === metric);
    if (effect === undefined || (effect.verdict !== 'better' && effect.verdict !== 'worse')) return [];
    const costFell = effect.verdict === 'better';
    return [
      {
        effect,
        companions: companions.flatMap((name) => {
          const other = own.find((one) => one.metric === name);
          return other === undefined || isNothing(other) ? [] : [companion(other, costFell, margin)];
        }),
        collectorMicros: metric.startsWith('cpu.') ? collectorMicros(analysis, pair) : null,
        hops: metric.startsWith('latency.') ? hopChanges(analysis.hopSplit ?? [], pair) : [],
      },
    ];
  });
}

/** A metric that is 0 in both, or known of neither, has no part in anything. */
function isNothing({ ratio, difference }: Effect): boolean {
  return ratio === null && (difference === null || difference === 0);
}

function companion(effect: Effect, costFell: boolean, margin: number): Companion {
  const lower = METRICS[effect.metric].goodness === 'lower';
  const { ratio, low, high, difference, differenceLow, differenceHigh } = effect;
  if (ratio !== null && low !== null && high !== null) {
    if (low > 1 / (1 + margin) && high < 1 + margin) return { effect, state: 'still' };
    if (low <= 1 && high >= 1) return { effect, state: 'unknown' };
    return { effect, state: ratio < 1 === (lower === costFell) ? 'with' : 'against' };
  }
  if (difference === null || differenceLow === null || differenceHigh === null)
    return { effect, state: 'unknown' };
  if (differenceLow <= 0 && differenceHigh >= 0) return { effect, state: 'unknown' };
  return { effect, state: difference < 0 === (lower === costFell) ? 'with' : 'against' };
}

function collectorMicros({ levels }: Analysis, { candidate, baseline }: Pair): number | null {
  const of = (variant: string) => {
    const value = (metric: MetricName, track?: string) =>
      levels.find(
        (level) =>
          level.variant === variant &&
          level.metric === metric &&
          level.value !== null &&
          level.track !== 'cross-check' &&
          (track === undefined || level.track === track),
      );
    const share = value('gc.cpu_fraction');
    const cpu = share === undefined ? undefined : value('cpu.per_request', share.track);
    return share?.value == null || cpu?.value == null ? null : share.value * cpu.value;
  };
  const [own, other] = [of(candidate), of(baseline)];
  return own === null || other === null ? null : own - other;
}

function hopChanges(splits: readonly HopSplit[], { candidate, baseline }: Pair): readonly HopChange[] {
  const parts = (variant: string) => splits.find((split) => split.variant === variant)?.parts ?? [];
  const others = parts(baseline);
  return parts(candidate)
    .flatMap((part): HopChange[] => {
      const other = others.find(({ name }) => name === part.name);
      if (other === undefined) return [];
      return [
        {
          name: part.name,
          candidateMicros: part.meanMicros,
          baselineMicros: other.meanMicros,
          apart: above(part.low, other.high) || above(other.low, part.high),
        },
      ];
    })
    .sort(
      (a, b) =>
        Math.abs(b.candidateMicros - b.baselineMicros) - Math.abs(a.candidateMicros - a.baselineMicros),
    );
}

function above(low: number | null, high: number | null): boolean {
  return low !== null && high !== null && low > high;
}
