/** Call stacks of many looks at many processes, added up and divided by the requests that were served meanwhile. */
import type { StackKind, StacksRecord } from '../record/index.js';

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

/** How a kind's values become those of a profile: which unit, and whether they are shared out among requests. */
export const KIND_UNITS = {
  cpu: { unit: 'µs', perRequest: true, factor: 1e-3 },
  allocations: { unit: 'bytes', perRequest: true, factor: 1 },
  mutex: { unit: 'µs', perRequest: true, factor: 1e-3 },
  goroutines: { unit: 'count', perRequest: false, factor: 1 },
} as const satisfies Record<StackKind, { unit: string; perRequest: boolean; factor: number }>;

interface Sum {
  readonly frames: readonly string[];
  value: number;
  variance: number;
  samples: number;
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
  const sums = new Map<string, Sum>();
  let requests = 0;
  for (const role of roles) {
    const answered = own.filter((record) => record.role === role && record.found !== null);
    const requestsOfRole = answered.reduce((sum, one) => sum + one.requests, 0);
    requests = Math.max(requests, requestsOfRole);
    const { perRequest, factor } = KIND_UNITS[kind];
    const divisor = perRequest ? requestsOfRole : answered.length;
    if (divisor > 0) for (const record of answered) addRecord(sums, record, factor / divisor);
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

function addRecord(sums: Map<string, Sum>, { role, found }: StacksRecord, factor: number): void {
  if (found === null) return;
  for (const { frames, value, samples } of found.stacks) {
    const names = [role, ...frames.map((frame) => found.functions[frame] ?? '(unknown)')];
    // Names may hold anything, the separator too.
    const path = JSON.stringify(names);
    const sum = sums.get(path) ?? { frames: names, value: 0, variance: 0, samples: 0 };
    sums.set(path, sum);
    const scaled = value * factor;
    sum.value += scaled;
    // As many samples as come are Poisson's, each worth the same: n of them, value ± value/√n.
    sum.variance += samples > 0 ? scaled ** 2 / samples : scaled ** 2;
    sum.samples += samples;
  }
}
