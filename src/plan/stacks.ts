/** Plans of profile runs: one or two variants under the scenario's load, looked at and not measured. */
import { PERF_STACK_KINDS, STACK_KINDS } from '../record/index.js';
import { mendUnknown, type ScenarioLoad } from '../scenario/index.js';
import type { VariantSpec } from '../variants/index.js';
import { clinicMs, clinicOf, clinicStacks, isNodeVariant, plannedClinicOf } from './clinic.js';
import type { Plan } from './plan.js';
import { profileMs } from './profiles.js';
import type { SteppedPlan } from './steps.js';

export interface StacksOptions {
  /** Ids of one variant, or of two to compare, the first with the second. */
  readonly variants: readonly string[];
  /** Length of a look at allocations, by which those of the others go. */
  readonly durationMs: number;
  /** How often each kind of each variant is looked at, each time in fresh processes. */
  readonly rounds: number;
  /** Whether perf looks at sidecars in Go, too, which tell their own call stacks but not the kernel's. */
  readonly perf: boolean;
}

/**
 * Lengths of looks, as multiples of that at allocations. CPU has 100 samples for each second of it and traffic uses a fraction
 * of one, so that it takes longest to tell anything; every lock and goroutine is seen, not a sample.
 */
const LENGTHS = { cpu: 2, allocations: 1, mutex: 0.5, goroutines: 0.25, 'perf-cpu': 2 } as const;
const SHORTEST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 600_000;
const START_UP_MS = 2500;
/** Standing the processes up anew. */
const PER_ROUND_MS = 1000;

/**
 * The plan with profiles in place of its slices, under the scenario's load as loadgen sends it. Node variants are looked at
 * by clinic, once, whatever the rounds, and proxies of others by perf, with whatever is compared with them.
 */
export function withStacks(plan: Plan, options: StacksOptions): SteppedPlan {
  const faults = [...faultsOf(plan, options)];
  const load = loadgenLoad(plan.load);
  if (typeof load === 'string') faults.push(load);
  if (faults.length > 0 || typeof load === 'string') return { ok: false, faults };
  const { durationMs } = options;
  const variants = options.variants.flatMap((id) => plan.variants.filter((one) => one.id === id));
  const inNode = variants.some(isNodeVariant);
  const rounds = inNode ? 1 : options.rounds;
  const looks = kindsOf(variants, options).map((kind) => ({ kind, durationMs: durationMs * LENGTHS[kind] }));
  const clinic = plan.cluster.provider === 'local' ? clinicOf(plan.load, variants, durationMs) : null;
  const estimatedMs =
    START_UP_MS +
    (clinic === null ? 0 : clinicMs(clinic)) +
    rounds *
      (PER_ROUND_MS + variants.length * looks.reduce((sum, look) => sum + profileMs(look.durationMs), 0));
  return {
    ok: true,
    plan: {
      ...plan,
      load,
      cells: plan.cells.flatMap((cell) => {
        const own = loadgenLoad(cell.load);
        const kept = cell.variants.filter((id) => options.variants.includes(id));
        return typeof own === 'string' || kept.length === 0 ? [] : [{ ...cell, load: own, variants: kept }];
      }),
      variants,
      schedule: {
        ...plan.schedule,
        rounds,
        replicas: rounds,
        // Certificates are made for the budget, so that it must end.
        budgetMs: 2 * estimatedMs,
        micro: null,
        long: null,
        crossCheck: null,
        profiles: null,
        stacks: { looks },
        clinic,
      },
      analysis: {
        baseline: null,
        pairs: [],
        confidence: plan.analysis.confidence,
        margin: plan.analysis.margin,
        gate: [],
        model: load.model,
        offeredRatePerSecond: load.model === 'open' ? load.ratePerSecond : null,
        hasMicro: false,
        hasLong: false,
        rounds,
        replicas: rounds,
        stacks: { looks: clinic === null || !inNode ? looks.map(inSeconds) : clinicStacks(clinic) },
        ...(clinic === null ? {} : { clinic: plannedClinicOf(clinic) }),
      },
      counterparts: {},
      ablation: null,
      estimatedSeconds: estimatedMs / 1000,
    },
  };
}

/** What of the variants is looked at, clinic's looks aside. */
function kindsOf(variants: readonly VariantSpec[], { perf }: StacksOptions) {
  if (variants.some(isNodeVariant)) return [];
  if (variants.some(isOfOthers)) return [...PERF_STACK_KINDS];
  return perf ? [...STACK_KINDS, ...PERF_STACK_KINDS] : [...STACK_KINDS];
}

/** A proxy that tells nothing of its own call stacks. */
function isOfOthers({ form }: VariantSpec): boolean {
  return form.type === 'foreign' || form.type === 'custom';
}

function inSeconds<K>({ kind, durationMs }: { readonly kind: K; readonly durationMs: number }) {
  return { kind, seconds: durationMs / 1000 };
}

function* faultsOf(plan: Plan, { variants, durationMs, rounds, perf }: StacksOptions): Generator<string> {
  if (variants.length === 0 || variants.length > 2 || new Set(variants).size < variants.length) {
    yield 'name one variant, or two different ones to compare: `--variant plain --variant pooled-buffer`';
  }
  if (!(durationMs >= SHORTEST_LOOK_MS && durationMs <= LONGEST_LOOK_MS)) {
    yield `a profile must last from 0.5 s to 600 s, not ${durationMs / 1000} s`;
  }
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100)) {
    yield `the number of rounds must be a whole number from 1 to 100, not ${rounds}`;
  }
  const ids = plan.variants.map(({ id }) => id);
  for (const id of variants) {
    const variant = plan.variants.find((one) => one.id === id);
    if (variant === undefined) {
      yield `the scenario has no variant \`${id}\`${mendUnknown(id, ids)}`;
      continue;
    }
    const reason = whyNotProfiled(variant);
    if (reason !== null) yield `\`${id}\` cannot be profiled: ${reason}`;
  }
  const known = plan.variants.filter(({ id }) => variants.includes(id));
  if (known.some(isNodeVariant) && plan.cluster.provider !== 'local') {
    yield 'sidecars in Node.js are profiled on this machine only: leave `cluster` out';
  }
  if (known.some(isNodeVariant) && known.some((one) => !isNodeVariant(one))) {
    yield 'sidecars in Node.js are profiled by other tools than all others, and their values do not compare: profile each in a run of its own';
  }
  if (perf && known.some(isNodeVariant)) {
    yield 'perf cannot tell functions of Node.js by name, and clinic looks at them: leave `--perf` out';
  }
  if ((perf || known.some(isOfOthers)) && plan.cluster.provider !== 'local') {
    yield 'perf looks at processes of this machine only: leave `cluster` out';
  }
}

/** Why nothing can look at the call stacks of a variant's processes, in one clause; null when something can. */
function whyNotProfiled({ form }: VariantSpec): string | null {
  switch (form.type) {
    case 'sidecar':
    case 'node':
    case 'foreign':
    case 'custom':
      return null;
    case 'direct':
    case 'zero-sidecar':
      return 'it has no proxy; name a variant with sidecars, such as `plain`';
    case 'injected':
      return 'its proxy is the cluster’s, and only sidecars in Go and Node.js tell their call stacks';
  }
}

/** The same load as loadgen makes it, or why it cannot. */
function loadgenLoad(load: ScenarioLoad): Extract<ScenarioLoad, { driver: 'loadgen' }> | string {
  if (load.driver === 'loadgen') return load;
  if (load.driver === 'autocannon') return { driver: 'loadgen', model: 'closed', thinkMs: 0 };
  if (load.script !== null) {
    return 'profiles are taken under load by loadgen, which cannot run the scenario’s k6 script: leave `load.script` out';
  }
  if (load.model === 'closed') return { driver: 'loadgen', model: 'closed', thinkMs: 0 };
  const { ratePerSecond } = load;
  return load.arrivals === 'ramp'
    ? {
        driver: 'loadgen',
        model: 'open',
        ratePerSecond,
        arrivals: 'ramp',
        fromRatePerSecond: load.fromRatePerSecond,
      }
    : { driver: 'loadgen', model: 'open', ratePerSecond, arrivals: 'constant' };
}
