/**
 * The shape of a scenario as it is written. Messages are predicates ("must be …") that messages.ts puts behind the
 * field's name; what several fields must agree on is in consistency.ts.
 */
import { z } from 'zod';
import { METRIC_NAMES } from '../record/index.js';
import { CATALOGUE, sidecarOptionsSchema } from '../variants/index.js';
import { clusterSchema } from './cluster-schema.js';
import { customFields } from './custom-schema.js';
import {
  alternatives,
  duration,
  list,
  mapping,
  oneOf,
  percent,
  text,
  variantId,
  variantName,
  wholeNumber,
} from './fields.js';
import { injectedFields } from './injected-schema.js';
import { loadSchema } from './load-schema.js';
import { matrixSchema } from './matrix-schema.js';
import { workloadSchema } from './workload-schema.js';

export const SCENARIO_SCHEMA = 'meshmark.scenario/1';

/** The paths there are, by what a request passes. A gateway is a proxy of the service's cluster. */
export const PATHS = [
  ['client', 'outbound', 'service'],
  ['client', 'outbound', 'inbound', 'service'],
  ['client', 'outbound', 'gateway', 'inbound', 'service'],
] as const;
const pathError = `must be ${alternatives(PATHS.map((path) => `[${path.join(', ')}]`))}`;
const clusterError = 'must be a list of steps of the path, such as `[client, outbound]`';
const clustersError =
  'must be a mapping such as `{west: [client, outbound], east: [gateway, inbound, service]}`';
export const topologySchema = mapping(
  {
    hops: z
      .literal([1, 2, 3], { error: 'must be 1, 2 or 3' })
      .optional()
      .describe(
        'Sidecars in the path: 2 is one beside the client and one beside the service (the default), 3 has a gateway between them.',
      ),
    path: z
      .array(z.string({ error: pathError }), { error: pathError })
      .refine((steps) => PATHS.some((path) => path.join(' ') === steps.join(' ')), { error: pathError })
      .optional()
      .describe('The path in full, instead of `hops`.'),
    clusters: z
      .record(
        z.string(),
        z.array(z.string({ error: clusterError }), { error: clusterError }).min(1, { error: clusterError }),
        { error: clustersError },
      )
      .optional()
      .describe(
        'Which steps of the path are in which cluster, each step once; what lies between two clusters is a cross-cluster hop.',
      ),
    nodes: z
      .literal([1, 2], { error: 'must be 1 or 2' })
      .default(1)
      .describe(
        '2 puts everything behind the first sidecar into a network namespace of its own, so that its traffic crosses a link (needs root on Linux).',
      ),
    addresses: oneOf(['ipv4', 'ipv6'])
      .default('ipv4')
      .describe('Which loopback everything listens on: 127.0.0.1 or ::1 (needs `nodes: 1`).'),
    roundTrip: duration(0, 1000, 'a duration from 0ms to 1s')
      .default(0)
      .describe('Round trip added to the link between two nodes, half of it each way (needs `nodes: 2`).'),
  },
  '{hops: 2}',
);

export const policySchema = mapping(
  {
    latency: duration(0, 10_000, 'a duration from 0ms to 10s')
      .default(1)
      .describe('How long the policy server takes for a decision; default 1ms.'),
  },
  '{latency: 1ms}',
);

const microSchema = mapping(
  {
    requests: wholeNumber(10, 1_000_000).default(300).describe('Measured requests of a short slice.'),
    warmup: wholeNumber(0, 1_000_000).default(100).describe('Requests before them that are not measured.'),
    perRound: duration(100, 600_000, 'a duration from 100ms to 10m')
      .default(2000)
      .describe('How long a round goes on with short slices, over all variants.'),
  },
  '{requests: 300, warmup: 100, perRound: 2s}',
);

export const slicesSchema = mapping(
  {
    duration: duration(
      1000,
      600_000,
      'from 1s to 10m: a latency percentile needs a steady state over several GC cycles, which shorter slices do not reach (for CPU and allocation in short slices use `slices.micro`)',
    )
      .optional()
      .describe('Length of a long slice, which judges latency and throughput.'),
    warmup: duration(0, 60_000, 'a duration from 0ms to 1m')
      .default(300)
      .describe('Time before each long slice that is not measured.'),
    blocks: wholeNumber(1, 1000)
      .default(12)
      .describe('Rounds of the run: each has one long slice of every variant.'),
    budget: duration(1000, 86_400_000, 'a duration from 1s to 24h')
      .default(600_000)
      .describe('The longest the run may take; a plan that does not fit is refused.'),
    seed: wholeNumber(0, 2 ** 32 - 1)
      .default(1)
      .describe('Everything random in the run follows from it.'),
    replicas: wholeNumber(1, 1000)
      .optional()
      .describe('Sets of fresh processes over the run; default: one for each block, at most 12.'),
    earlyStop: z
      .boolean({ error: 'must be `true` or `false`' })
      .default(true)
      .describe('Whether the run ends as soon as every rule of its gate is decided; it needs a gate.'),
    confirm: percent({ from: 0, to: 1, words: 'from 0% to 100%' })
      .default(1)
      .describe(
        'How long a regression may be run again on fresh processes before the gate fails, as a share of the budget; 0% for not at all.',
      ),
    micro: microSchema
      .optional()
      .describe('Short slices of a fixed number of requests, which judge CPU and allocation.'),
  },
  '{duration: 2s, blocks: 12}',
);

const crossCheckDuration = 'from 1s to 10m: the driver starts anew for each slice';
export const crossCheckSchema = mapping(
  {
    driver: oneOf(['autocannon', 'k6']).default('autocannon').describe('The second driver.'),
    duration: duration(1000, 600_000, crossCheckDuration).default(1000).describe('Length of its slices.'),
    warmup: duration(0, 60_000, 'a duration from 0ms to 1m')
      .default(300)
      .describe('Time before each that is not measured.'),
    every: wholeNumber(1, 1000).default(3).describe('Every how many blocks it measures.'),
  },
  '{driver: autocannon, duration: 1s, every: 3}',
);

export const variantSchema = mapping(
  {
    id: variantId.describe('What the variant is called in results; unique.'),
    kind: z
      .string({ error: 'must be a kind of the catalogue' })
      .meta({ enum: CATALOGUE.map((row) => row.kind) })
      .optional()
      .describe('Its row of the catalogue; default: the id.'),
    options: sidecarOptionsSchema
      .optional()
      .describe('Options of the sidecar over those of its kind; a proxy of others has some of them.'),
    ...customFields,
    ...injectedFields,
  },
  '{id: plain}',
);

const limit = percent({ from: 0, to: 10, words: 'from 0% to 1000%' }).optional();
export const gateSchema = mapping(
  {
    metric: z
      .string({ error: 'must be the name of a metric' })
      .meta({ enum: [...METRIC_NAMES] })
      .describe('What is judged.'),
    maxIncrease: limit.describe(
      'For metrics that are better when lower: how much more than the baseline is allowed.',
    ),
    maxDecrease: limit.describe(
      'For metrics that are better when higher: how much less than the baseline is allowed.',
    ),
    variants: list(variantName, 50, '[pooled-buffer]')
      .optional()
      .describe('Variants the rule holds for; default: every one compared with the baseline.'),
  },
  '{metric: cpu.per_request, maxIncrease: 5%}',
);

const pairError = 'must be a pair of variant ids such as `[plain, pooled-buffer]`: candidate, then baseline';
export const compareSchema = z.array(variantName, { error: pairError }).length(2, { error: pairError });

const ablationExample =
  '{from: plain, to: all-on, factors: [{name: pooled buffers, off: all-on-without-pool, on: pooled-buffer}]}';
export const ablationSchema = mapping(
  {
    from: variantName.describe('The variant with none of the factors.'),
    to: variantName.describe('The variant with all of them.'),
    factors: list(
      mapping(
        {
          name: text(60).describe('What the factor is called.'),
          off: variantName.describe('`to` without it.'),
          on: variantName.describe('`from` with it alone.'),
        },
        '{name: pooled buffers, off: all-on-without-pool, on: pooled-buffer}',
      ),
      20,
      '[{name: pooled buffers, off: all-on-without-pool, on: pooled-buffer}]',
    ),
  },
  ablationExample,
);

export const offloadCeilingSchema = mapping(
  {
    duration: duration(500, 60_000, 'a duration from 500ms to 1m')
      .default(2000)
      .describe('How long each CPU profile is taken: one of every TLS variant in each set of processes.'),
  },
  '{duration: 2s}',
);

export const scenarioSchema = mapping(
  {
    schema: z
      .literal(SCENARIO_SCHEMA, {
        error: `must be \`${SCENARIO_SCHEMA}\`, the version that this meshmark reads`,
      })
      .describe('The version of this format.'),
    name: text(100).describe('What the run is called in reports.'),
    description: text(2000).optional().describe('The question that the scenario answers.'),
    cluster: clusterSchema.optional().describe('Where the variants stand.'),
    topology: topologySchema.optional().describe('What a request passes on its way.'),
    policy: policySchema.optional().describe('The control plane that variants with a policy ask.'),
    workload: workloadSchema.prefault({}).describe('What is asked and answered.'),
    load: loadSchema
      .optional()
      .describe('How requests are sent in long slices; left out where there are none.'),
    matrix: matrixSchema
      .optional()
      .describe(
        'Several workloads in one run: each combination of these values is a cell, and cells share blocks.',
      ),
    slices: slicesSchema.describe('The schedule of measurement.'),
    crossCheck: crossCheckSchema
      .optional()
      .describe('A second driver, whose figures are shown beside and never decide.'),
    confidence: percent({ from: 0.8, to: 0.9999, words: 'from 80% to 99.99%' })
      .default(0.99)
      .describe('Coverage of every interval.'),
    margin: percent({ from: 0.0001, to: 0.5, words: 'from 0.01% to 50%' })
      .default(0.03)
      .describe('Differences within it count as equivalent.'),
    variants: list(variantSchema, 50, '[{id: direct}, {id: plain}]').describe('The data planes to measure.'),
    baseline: variantName.optional().describe('The variant that the others are compared with.'),
    compare: list(compareSchema, 200, '[[plain, pooled-buffer]]', 0)
      .optional()
      .describe('Further pairs to compare: [candidate, baseline].'),
    ablation: ablationSchema
      .optional()
      .describe('Which variants take one with everything on apart, factor by factor; shown in one chart.'),
    offloadCeiling: offloadCeilingSchema
      .optional()
      .describe(
        'Asks what a device for cryptography could save at most: the sidecars’ CPU is profiled in slices of its own.',
      ),
    gate: list(gateSchema, 100, '[{metric: cpu.per_request, maxIncrease: 5%}]', 0)
      .optional()
      .describe('Rules that make the run fail.'),
  },
  '{schema: meshmark.scenario/1, name: …}',
);

export type WrittenScenario = z.output<typeof scenarioSchema>;
