/** Call stacks of many looks at many processes, added up and divided by the requests that were served meanwhile. */
import type { StackKind, StacksRecord } from '../record/index.js';
import { addTo, emptySum, type Sum } from './chance.js';

/** A stack in the data plane of one variant, with what a request costs in it. */
export interface FoldedStack {
  /** The sidecar's role, then functions, the outermost first. */
  readonly frames: readonly string[];
  /** In the kind's unit. */
  readonly value: number;
  /** Of the value, as far as sampling goes. */
  readonly variance: number;
  readonly samples: number;
}

export interface FoldedProfile {
  readonly variant: string;
  readonly kind: StackKind;
  readonly stacks: readonly FoldedStack[];
  /** Processes that were looked at, each time anew, and those of them that did not answer. */
  readonly looks: number;
  readonly unanswered: number;
  /** In all looks, at all of a request's sidecars. */
  readonly samples: number;
  /** Requests while it was looked; each counts once, however many sidecars it passed. */
  readonly requests: number;
}

/**
 * How a kind's values become those of a profile: which unit, and whether they are shared out among requests;
 * `spread` is how much more the sum of its samples varies than their number.
 */
export const KIND_UNITS = {
  cpu: { unit: 'µs', perRequest: true, factor: 1e-3, spread: 1 },
  allocations: { unit: 'bytes', perRequest: true, factor: 1, spread: 1 },
  // Waits differ in length, as an exponential distribution has it at least, which doubles the variance of their sum.
  mutex: { unit: 'µs', perRequest: true, factor: 1e-3, spread: 2 },
  goroutines: { unit: 'count', perRequest: false, factor: 1, spread: 1 },
  'node-cpu': { unit: 'µs', perRequest: true, factor: 1e-3, spread: 1 },
  'node-heap': { unit: 'bytes', perRequest: false, factor: 1, spread: 1 },
  'perf-cpu': { unit: 'µs', perRequest: true, factor: 1e-3, spread: 1 },
} as const satisfies Record<StackKind, { unit: string; perRequest: boolean; factor: number; spread: number }>;

interface StackSum extends Sum {
  readonly frames: readonly string[];
}

/**
 * The profile of a kind of a variant. A stack's value is divided by the requests of the looks at its role, so that a look
 * that was not answered takes nothing away from it.
 */
export function foldStacks(
  records: readonly StacksRecord[],
  variant: string,
  kind: StackKind,
): FoldedProfile {
  const own = records.filter((record) => record.variant === variant && record.kind === kind);
  const roles = [...new Set(own.map(({ role }) => role))];
  const sums = new Map<string, StackSum>();
  let requests = 0;
  for (const role of roles) {
    const answered = own.filter((record) => record.role === role && record.found !== null);
    const requestsOfRole = answered.reduce((sum, one) => sum + one.requests, 0);
    requests = Math.max(requests, requestsOfRole);
    const { perRequest, factor, spread } = KIND_UNITS[kind];
    const divisor = perRequest ? requestsOfRole : answered.length;
    if (divisor > 0) for (const record of answered) addRecord(sums, record, factor / divisor, spread);
  }
  const stacks = [...sums.values()];
  return {
    variant,
    kind,
    stacks,
    looks: own.length,
    unanswered: own.filter(({ found }) => found === null).length,
    samples: stacks.reduce((sum, one) => sum + one.samples, 0),
    requests,
  };
}

function addRecord(
  sums: Map<string, StackSum>,
  { role, found }: StacksRecord,
  factor: number,
  spread: number,
): void {
  if (found === null) return;
  for (const { frames, value, samples } of found.stacks) {
    const names = [role, ...frames.map((frame) => found.functions[frame] ?? '(unknown)')];
    // Names may hold anything, the separator too.
    const path = JSON.stringify(names);
    const sum = sums.get(path) ?? { frames: names, ...emptySum() };
    sums.set(path, sum);
    const scaled = value * factor;
    // The number of samples is Poisson's: n of them that are worth the same are value ± value/√n.
    addTo(sum, { value: scaled, variance: (spread * scaled ** 2) / Math.max(samples, 1), samples });
  }
}
