/**
 * Records for the report's own tests, with an analysis whose numbers are written down here, so that a test can
 * say what the page must show. Nothing here is ever shown to a user.
 */
import {
  type Analysis,
  type Effect,
  type GateResult,
  type Level,
  METRICS,
  type MetricName,
  type Pair,
  type RunRecord,
  type RunVariant,
  type Track,
  type Verdict,
} from '../../record/index.js';
import { type BuiltVariant, buildRun } from '../../stats/testing/record-builder.js';
import type { ReportInput } from '../view.js';

export interface SampleOptions {
  readonly variants?: readonly BuiltVariant[];
  readonly rounds?: number;
  readonly longBlocksPerRound?: number;
  readonly microBlocksPerRound?: number;
  readonly baseline?: string;
  /** 0 is never; default every fifth. */
  readonly crossCheckEveryRounds?: number;
}

const MARGIN = 0.03;

const USUAL: readonly BuiltVariant[] = [
  { id: 'direct', roles: [], latencyMicros: 240 },
  {
    id: 'plain',
    cpuMicros: 105,
    allocBytes: 67_800,
    requestsPerGc: 60,
    latencyMicros: 810,
    claims: ['proxy-in-path', 'upstream-reuse'],
  },
  {
    id: 'pooled-buffer',
    cpuMicros: 91,
    allocBytes: 25_300,
    requestsPerGc: 160,
    latencyMicros: 790,
    claims: ['buffer-pool', 'buffer-pool-hits', 'proxy-in-path', 'upstream-reuse'],
  },
  { id: 'my-proxy', kind: 'custom', roles: ['proxy'], admin: false, cpuMicros: 140, latencyMicros: 1060 },
];

/** A run with slices, windows and an analysis. The default has a control, a baseline and two candidates. */
export function sampleRun(options: SampleOptions = {}): ReportInput & { readonly run: RunRecord } {
  const variants = options.variants ?? USUAL;
  const baseline = options.baseline ?? 'plain';
  const others = variants.map(({ id }) => id).filter((id) => id !== baseline);
  const pairs: Pair[] = [
    ...others.map((candidate) => ({ candidate, baseline })),
    ...variants.filter(({ id }) => id !== 'direct').map(({ id }) => ({ candidate: id, baseline: 'direct' })),
  ];
  const built = buildRun({
    variants,
    baseline,
    pairs,
    rounds: options.rounds ?? 10,
    longBlocksPerRound: options.longBlocksPerRound ?? 1,
    microBlocksPerRound: options.microBlocksPerRound ?? 12,
    crossCheckEveryRounds: options.crossCheckEveryRounds ?? 5,
    margin: MARGIN,
    gate: [
      {
        metric: 'cpu.per_request',
        maxIncrease: 0.05,
        maxDecrease: null,
        variants: others.filter((id) => id !== 'direct'),
      },
    ],
    seed: 7,
  });
  const run: RunRecord = {
    ...built.run,
    runId: '20260102-030405-buffers',
    scenario: {
      name: 'Copy buffers: fresh or pooled?',
      path: 'scenarios/buffers.yaml',
      text: 'schema: meshmark.scenario/1\nname: "Copy buffers: fresh or pooled?"\nvariants:\n  - {id: direct}\n  - {id: plain}\n  - {id: pooled-buffer}\n',
    },
    command: ['meshmark', 'run', 'scenarios/buffers.yaml'],
    variants: built.run.variants.map(withOptions),
    isolation: {
      ...built.run.isolation,
      notIsolated: ['The service shares the data plane’s core, because the machine has two.'],
    },
    parity: [
      {
        property: 'status',
        byVariant: Object.fromEntries(variants.map(({ id }) => [id, '200'])),
        equal: true,
      },
      {
        property: 'header via',
        byVariant: Object.fromEntries(
          variants.map(({ id }) => [id, id === 'direct' ? 'absent' : '1.1 meshmark']),
        ),
        equal: false,
      },
    ],
    analysis: analysisFor(variants, pairs, baseline),
  };
  const slices = built.slices.map((slice) => {
    if (slice.seq % 97 === 40) {
      return { ...slice, validity: { status: 'suspect' as const, reasons: ['steal was 7 % of the slice'] } };
    }
    return slice.seq % 211 === 100
      ? {
          ...slice,
          status: { state: 'failed' as const, reason: 'connect 127.0.0.1:41234: connection refused' },
        }
      : slice;
  });
  return { run, slices, windows: built.windows };
}

function withOptions(variant: RunVariant): RunVariant {
  const options: RunVariant['options'] =
    variant.id === 'pooled-buffer'
      ? { buffers: 'pooled' }
      : variant.id === 'plain'
        ? { buffers: 'fresh' }
        : {};
  return { ...variant, options };
}

/** The effects that tests look for, by candidate and metric: ratio, low, high, verdict. */
export const KNOWN_EFFECTS: Readonly<
  Record<string, Partial<Record<MetricName, readonly [number, number, number, Verdict]>>>
> = {
  'pooled-buffer': {
    'cpu.per_request': [0.871, 0.842, 0.899, 'better'],
    'latency.p50': [0.988, 0.975, 1.004, 'equivalent'],
    'latency.p99': [0.97, 0.86, 1.11, 'inconclusive'],
    'alloc.bytes_per_request': [0.38, 0.36, 0.4, 'better'],
    'gc.cpu_fraction': [0.52, 0.45, 0.6, 'better'],
  },
  'my-proxy': {
    'cpu.per_request': [1.331, 1.27, 1.402, 'worse'],
    'latency.p50': [1.31, 1.27, 1.35, 'worse'],
    'latency.p99': [1.42, 1.21, 1.66, 'worse'],
  },
};

const HEADLINE: readonly MetricName[] = [
  'latency.p50',
  'latency.p90',
  'latency.p99',
  'latency.p99.9',
  'cpu.per_request',
  'cpu.machine_per_request',
  'alloc.bytes_per_request',
  'gc.cpu_fraction',
];

function analysisFor(variants: readonly BuiltVariant[], pairs: readonly Pair[], baseline: string): Analysis {
  const levels = variants.flatMap(levelsOf);
  const effects = pairs.flatMap((pair) =>
    HEADLINE.map((metric) => effectOf(variants, pair, metric, pair.baseline === baseline)),
  );
  return {
    levels,
    effects,
    besideEffects: effects
      .filter((effect) => effect.metric === 'cpu.per_request' && effect.gated)
      .map((effect) => ({
        ...effect,
        gated: false,
        track: 'cross-check' as const,
        verdict: 'inconclusive' as const,
      })),
    disagreements: [],
    witnesses: Object.fromEntries(
      variants.map((variant) => [
        variant.id,
        (['proxy-in-path', 'upstream-reuse', 'buffer-pool', 'buffer-pool-hits'] as const).map((name) => {
          const claimed = variant.claims?.includes(name) ?? false;
          const read = variant.admin !== false;
          return {
            name,
            claimed,
            value: read ? (claimed ? 0.9994 : 0) : null,
            detail: read ? (claimed ? '39,976 of 40,000' : '0 of 40,000') : '',
            exercised: claimed,
            agrees: true,
            reason: read ? null : 'the process has no admin port',
          };
        }),
      ]),
    ),
    gate: effects.filter((effect) => effect.gated).map(gateOf),
    validity: {
      status: 'suspect',
      reasons: ['core 0, the generator’s, was 74 % busy in long slices of my-proxy'],
    },
    cpuOutsideSlices: Object.fromEntries(variants.map(({ id }) => [id, id === 'direct' ? null : 0.034])),
    probeShare: Object.fromEntries(variants.map(({ id }) => [id, id === 'direct' ? null : 0.0021])),
  };
}

function levelsOf(variant: BuiltVariant): readonly Level[] {
  const cpu = variant.roles?.length === 0 ? 0 : (variant.cpuMicros ?? 100);
  const latency = (variant.latencyMicros ?? 800) / 1000;
  const admin = variant.admin !== false && cpu > 0;
  const level = (
    metric: MetricName,
    value: number | null,
    track: Track,
    why: string | null = null,
  ): Level => ({
    variant: variant.id,
    metric,
    track,
    value,
    low: value === null ? null : value * 0.97,
    high: value === null ? null : value * 1.034,
    reason: value === null ? why : null,
  });
  const noAdmin = 'the process has no admin port';
  return [
    level('latency.p50', latency, 'long'),
    level('latency.p90', latency * 1.57, 'long'),
    level('latency.p99', latency * 2.4, 'long'),
    level('latency.p99.9', latency * 5.6, 'long'),
    level('cpu.per_request', cpu, 'micro'),
    level('cpu.user_per_request', cpu * 0.41, 'long'),
    level('cpu.system_per_request', cpu * 0.57, 'long'),
    level('cpu.machine_per_request', cpu * 1.1 + 48, 'long'),
    level('ctx_switches.per_request', cpu === 0 ? 0 : 4.2, 'micro'),
    level('alloc.bytes_per_request', admin ? (variant.allocBytes ?? 40_000) : null, 'micro', noAdmin),
    level('alloc.objects_per_request', admin ? 81.4 : null, 'micro', noAdmin),
    level('gc.cycles_per_1k', admin ? 1000 / (variant.requestsPerGc ?? 50) : null, 'micro', noAdmin),
    level('gc.pause.p99', admin ? 0.12 : null, 'micro', noAdmin),
    level('gc.cpu_fraction', admin ? 0.061 : null, 'micro', noAdmin),
    level('memory.rss_peak', cpu === 0 ? null : 21_400_000, 'micro', 'there is no process'),
  ];
}

function effectOf(
  variants: readonly BuiltVariant[],
  { candidate, baseline }: Pair,
  metric: MetricName,
  asked: boolean,
): Effect {
  const known = asked ? KNOWN_EFFECTS[candidate]?.[metric] : undefined;
  const levelsBy = (id: string) =>
    variants
      .filter((variant) => variant.id === id)
      .flatMap(levelsOf)
      .find((level) => level.metric === metric)?.value ?? null;
  const [own, other] = [levelsBy(candidate), levelsBy(baseline)];
  const computed = own === null || other === null || other === 0 ? null : own / other;
  const ratio = known?.[0] ?? computed;
  const difference = own === null || other === null ? null : own - other;
  return {
    metric,
    candidate,
    baseline,
    track: metric.startsWith('latency') || metric === 'cpu.machine_per_request' ? 'long' : 'micro',
    ratio,
    low: known?.[1] ?? (ratio === null ? null : ratio * 0.95),
    high: known?.[2] ?? (ratio === null ? null : ratio * 1.05),
    difference,
    differenceLow: difference === null ? null : difference - Math.abs(difference) * 0.06,
    differenceHigh: difference === null ? null : difference + Math.abs(difference) * 0.06,
    pAdjusted: asked && metric === 'cpu.per_request' ? 0.0004 : null,
    gated: asked && metric === 'cpu.per_request' && candidate !== 'direct',
    blocks: 120,
    replicas: 10,
    verdict: known?.[3] ?? verdictOf(ratio),
    reason: ratio === null ? `${METRICS[metric].label} is not known for both` : null,
  };
}

function verdictOf(ratio: number | null): Verdict {
  if (ratio === null) return 'inconclusive';
  if (ratio * 1.05 < 1) return 'better';
  return ratio * 0.95 > 1 ? 'worse' : 'inconclusive';
}

function gateOf(effect: Effect): GateResult {
  const high = effect.high ?? Number.NaN;
  const low = effect.low ?? Number.NaN;
  const outcome = low > 1.05 ? 'fail' : high <= 1.05 ? 'pass' : 'undecided';
  return {
    metric: effect.metric,
    candidate: effect.candidate,
    baseline: effect.baseline,
    limit: 'at most +5 %',
    outcome,
    explanation: `The interval ${low.toFixed(3)} to ${high.toFixed(3)} ${outcome === 'pass' ? 'ends below' : 'begins above'} 1.05.`,
  };
}
