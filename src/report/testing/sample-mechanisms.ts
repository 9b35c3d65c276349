/**
 * A run of the report's own tests that takes a variant apart, stands in two clusters, times its hops and went
 * against what was expected. Its numbers are written down here, so that a test can say what the page must show.
 */
import type { Effect, MetricName, RunRecord, RunVariant, Verdict } from '../../record/index.js';
import type { ReportInput } from '../view.js';
import { sampleRun } from './sample-run.js';

function explanationOf(kind: string): string {
  return `This is ${kind}. It keeps what it has used and uses it again, so that the collector finds less to do.\n\nIts counter proves it. Beware of loopback.`;
}

/** Ratio, low and high by metric, candidate and baseline; a factor that is not here was not compared. */
const KNOWN: readonly (readonly [MetricName, string, string, number, number, number, Verdict])[] = [
  ['cpu.per_request', 'no-pool', 'all-on', 1.08, 1.05, 1.11, 'worse'],
  ['cpu.per_request', 'only-pool', 'plain', 0.9, 0.87, 0.93, 'better'],
  ['cpu.per_request', 'no-lean', 'all-on', 1.62, 1.55, 1.7, 'worse'],
  ['cpu.per_request', 'only-lean', 'plain', 0.6, 0.57, 0.63, 'better'],
  ['latency.p99', 'no-pool', 'all-on', 1.02, 0.91, 1.15, 'inconclusive'],
  ['latency.p99', 'only-pool', 'plain', 0.96, 0.84, 1.09, 'inconclusive'],
  ['latency.p99', 'only-lean', 'plain', 0.81, 0.72, 0.9, 'better'],
  ['cpu.per_request', 'my-proxy', 'only-lean', 2.22, 2.1, 2.35, 'worse'],
  ['cpu.per_request', 'only-pool', 'only-lean', 1.49, 1.41, 1.58, 'worse'],
  ['cpu.per_request', 'no-lean', 'only-pool', 0.95, 0.92, 0.98, 'better'],
];

/** What each variant spends where, in µs. */
const HOPS = [
  { variant: 'plain', outbound: 118.2, wire: 64.1, inbound: 96.4, service: 41 },
  { variant: 'all-on', outbound: 52.7, wire: 60.3, inbound: 44.9, service: 40.2 },
] as const;

/** The sample run with everything that a record may say of mechanisms, topology and expectations. */
export function sampleWithMechanisms(): ReportInput & { readonly run: RunRecord } {
  const input = sampleRun({
    rounds: 4,
    variants: [
      { id: 'direct', roles: [], latencyMicros: 240 },
      { id: 'plain', cpuMicros: 105, claims: ['proxy-in-path', 'upstream-reuse'] },
      { id: 'all-on', cpuMicros: 55, allocBytes: 900, latencyMicros: 560, claims: ['buffer-pool'] },
      { id: 'no-pool', kind: 'all-on', cpuMicros: 59 },
      { id: 'only-pool', kind: 'pooled-buffer', cpuMicros: 94 },
      { id: 'no-lean', kind: 'all-on', cpuMicros: 89 },
      { id: 'only-lean', kind: 'lean', cpuMicros: 63 },
      { id: 'my-proxy', kind: 'custom', roles: ['proxy'], admin: false, cpuMicros: 140 },
    ],
  });
  const { analysis } = input.run;
  if (analysis === null) throw new RangeError('the sample run has an analysis');
  const effects = analysis.effects.filter(
    (effect) => !KNOWN.some(([metric, candidate, baseline]) => is(effect, metric, candidate, baseline)),
  );
  const pairs = KNOWN.filter(([metric]) => metric === 'cpu.per_request').map(([, candidate, baseline]) => ({
    candidate,
    baseline,
  }));
  const pattern = effects[0];
  if (pattern === undefined) throw new RangeError('the sample run has effects');
  return {
    ...input,
    run: {
      ...input.run,
      variants: input.run.variants.map(described),
      planned: { ...input.run.planned, pairs: [...input.run.planned.pairs, ...pairs] },
      topology: {
        path: ['client', 'outbound', 'gateway', 'inbound', 'service'],
        clusters: { west: ['client', 'outbound'], east: ['gateway', 'inbound', 'service'] },
        nodes: 2,
        roundTripMs: 10,
        interception: 'none',
      },
      ablation: {
        from: 'plain',
        to: 'all-on',
        factors: [
          { name: 'buffers', off: 'no-pool', on: 'only-pool' },
          { name: 'lean', off: 'no-lean', on: 'only-lean' },
        ],
      },
      analysis: {
        ...analysis,
        effects: [...effects, ...KNOWN.map((known) => knownEffect(pattern, known))],
        hopSplit: HOPS.map(({ variant, outbound, wire, inbound, service }) => ({
          variant,
          requests: 41_200,
          parts: [
            part('outbound sidecar', outbound),
            part('wire outbound → inbound', wire),
            part('inbound sidecar', inbound),
            { name: 'service', meanMicros: service, low: null, high: null },
          ],
        })),
        surprises: [
          {
            candidate: 'only-pool',
            baseline: 'plain',
            metric: 'latency.p99',
            expected: 'lower',
            source: 'A paper on buffers, 2020',
            found: '9.0 % higher (4.0 % to 14.2 %)',
          },
        ],
      },
    },
  };
}

function described(variant: RunVariant): RunVariant {
  if (variant.kind === 'custom') return variant;
  if (variant.kind === 'direct') return { ...variant, explanation: explanationOf(variant.kind) };
  return {
    ...variant,
    options: {
      duties: variant.id === 'plain' ? 'bare' : 'mesh',
      ...(variant.id === 'no-pool' ? { dutiesLeftOut: 'retry budget, latency by route' } : {}),
      accessLog: variant.id === 'all-on',
      buffers: variant.id === 'no-pool' ? 'fresh' : 'pooled',
    },
    explanation: explanationOf(variant.kind),
    counterpart: variant.id === 'plain' ? null : 'plain',
    caveat: variant.id === 'no-pool' ? 'it needs two cores' : null,
    expectations:
      variant.id === 'only-pool'
        ? [
            {
              metric: 'latency.p99',
              against: 'plain',
              direction: 'lower',
              source: 'A paper on buffers, 2020',
            },
          ]
        : [],
  };
}

function part(name: string, meanMicros: number) {
  return { name, meanMicros, low: meanMicros * 0.96, high: meanMicros * 1.05 };
}

function is(effect: Effect, metric: MetricName, candidate: string, baseline: string): boolean {
  return effect.metric === metric && effect.candidate === candidate && effect.baseline === baseline;
}

function knownEffect(
  pattern: Effect,
  [metric, candidate, baseline, ratio, low, high, verdict]: (typeof KNOWN)[number],
): Effect {
  return {
    ...pattern,
    metric,
    candidate,
    baseline,
    ratio,
    low,
    high,
    verdict,
    gated: false,
    reason: null,
    track: metric.startsWith('latency') ? 'long' : 'micro',
  };
}
