/**
 * The shape of a scenario as it is written. Messages are predicates ("must be …") that messages.ts puts behind the
 * field's name; what several fields must agree on is in consistency.ts.
 */
import { z } from 'zod';
import { METRIC_NAMES } from '../record/index.js';
import { CATALOGUE, sidecarOptions } from '../variants/index.js';
import { DURATION, PERCENT, parseQuantity, RATE, SIZE, type UnitTable } from './quantities.js';

export const SCENARIO_SCHEMA = 'meshmark.scenario/1';

interface Limits {
  readonly from: number;
  readonly to: number;
  /** The limits in words: "from 100ms to 10m". */
  readonly words: string;
}

const NUMBER = String.raw`^[+]?[0-9._]+(e[+-]?[0-9]+)?\s*`;

/** Text with a unit, read into the table's base unit. */
function quantity(table: UnitTable, limits: Limits) {
  const units = Object.keys(table.factors).join('|');
  const examples = table.examples.map((example) => `\`${example}\``).join(' or ');
  return z
    .string({
      error: ({ input }) => {
        if (typeof input !== 'number') return `must be ${table.noun} such as ${examples}`;
        if (table === PERCENT) {
          return `is ambiguous: a bare number may be a fraction or a percentage; write it with its sign, as \`5%\``;
        }
        return `needs a unit; write ${table.noun} such as ${examples}`;
      },
    })
    .meta({ pattern: `${NUMBER}(${units})$`, examples: [...table.examples] })
    .transform((text, context) => {
      const read = parseQuantity(text, table);
      if (!read.ok) {
        context.addIssue({ code: 'custom', message: read.problem });
        return z.NEVER;
      }
      if (!(read.value >= limits.from && read.value <= limits.to)) {
        context.addIssue({ code: 'custom', message: `must be ${limits.words}` });
        return z.NEVER;
      }
      return read.value;
    });
}

const duration = (fromMs: number, toMs: number, words: string) =>
  quantity(DURATION, { from: fromMs, to: toMs, words });

const size = z
  .union([z.string(), z.number()], { error: 'must be a size such as `16KiB`, `1MB` or a number of bytes' })
  .meta({ examples: ['16KiB', '1MB', 4096] })
  .transform((written, context) => {
    const read =
      typeof written === 'number' || /^\d+$/.test(written) ? bytes(written) : parseQuantity(written, SIZE);
    if (!read.ok) {
      context.addIssue({ code: 'custom', message: read.problem });
      return z.NEVER;
    }
    if (!(Number.isInteger(read.value) && read.value >= 1 && read.value <= 2 ** 30)) {
      context.addIssue({ code: 'custom', message: 'must be a whole number of bytes from 1 to 1GiB' });
      return z.NEVER;
    }
    return read.value;
  });

function bytes(written: string | number) {
  return { ok: true, value: Number(written) } as const;
}

function wholeNumber(from: number, to: number) {
  const error = `must be a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}

function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `must be ${words.map((word) => `\`${word}\``).join(' or ')}` });
}

function text(longest: number) {
  const error = `must be text of 1 to ${longest} characters`;
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' || typeof input === 'boolean' ? `${error}; put it in quotes` : error,
    })
    .min(1, { error })
    .max(longest, { error });
}

/** A mapping with no other keys than these; `example` is what to write instead of something else. */
function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape, example: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `must be a mapping such as \`${example}\`` : undefined,
  });
}

function list<Item extends z.ZodType>(item: Item, most: number, example: string, least = 1) {
  const error = `must be a list of ${least} to ${most}, such as \`${example}\``;
  return z.array(item, { error }).min(least, { error }).max(most, { error });
}

const percent = (limits: Limits) => quantity(PERCENT, limits);

const idError =
  'must be an id: a lower-case letter or digit, then up to 40 lower-case letters, digits or hyphens';
const variantId = z.string({ error: idError }).regex(/^[a-z0-9][a-z0-9-]{0,40}$/, { error: idError });
const variantName = z.string({ error: 'must be the id of a variant' });

const pathError = 'must be `[client, outbound, inbound, service]` or `[client, outbound, service]`';
export const topologySchema = mapping(
  {
    hops: z
      .literal([1, 2], { error: 'must be 1 or 2' })
      .optional()
      .describe('Sidecars in the path: 2 is one beside the client and one beside the service (the default).'),
    path: z
      .array(z.string({ error: pathError }), { error: pathError })
      .refine(
        (steps) => ['client outbound inbound service', 'client outbound service'].includes(steps.join(' ')),
        { error: pathError },
      )
      .optional()
      .describe('The path in full, instead of `hops`.'),
  },
  '{hops: 2}',
);

export const clusterSchema = mapping(
  {
    provider: z
      .literal('local', {
        error: ({ input }) =>
          input === 'kubernetes' ? 'is not supported by this version; use `local`' : 'must be `local`',
      })
      .default('local')
      .describe('Where variants stand: `local` is processes on this machine.'),
    keepAwake: oneOf(['auto', 'always', 'never'])
      .default('auto')
      .describe(
        'Whether an idle-priority loop keeps the cores from halting; `auto` does so on virtual machines, where halting and waking a core is slow and noisy.',
      ),
  },
  '{provider: local}',
);

const sizeRange = mapping({ min: size, max: size }, '{min: 1KiB, max: 64KiB}');
export const workloadSchema = mapping(
  {
    protocol: oneOf(['http1', 'tcp'])
      .default('http1')
      .describe(
        '`http1`: the sidecars are reverse proxies; `tcp`: they copy bytes. The client speaks HTTP/1.1 in both.',
      ),
    responseBytes: z
      .union([size, sizeRange], {
        error: 'must be a size such as `16KiB`, or a range such as `{min: 1KiB, max: 64KiB}`',
      })
      .default(1024)
      .describe('Size of each response body, or a range of sizes drawn from uniformly.'),
    connections: wholeNumber(1, 10_000).default(16).describe('Client connections to each variant.'),
    serviceDelay: duration(0, 60_000, 'a duration from 0ms to 1m')
      .default(0)
      .describe('How long the service waits before it answers.'),
    faultRate: percent({ from: 0, to: 0.99, words: 'from 0% to 99%' })
      .default(0)
      .describe('Share of requests that the service answers with 503.'),
    timeout: duration(1, 60_000, 'a duration from 1ms to 1m')
      .default(5000)
      .describe('After this a request counts as timed out.'),
  },
  '{protocol: http1, responseBytes: 16KiB, connections: 16}',
);

export const loadSchema = mapping(
  {
    driver: oneOf(['loadgen', 'autocannon'])
      .default('loadgen')
      .describe('What makes the traffic of long slices.'),
    model: oneOf(['open', 'closed']).describe(
      '`open`: requests are sent on a schedule at one rate, whatever the answers do; `closed`: each connection waits for its answer.',
    ),
    rate: quantity(RATE, { from: 1e-3, to: 1e6, words: 'more than 0 and at most 1000000/s' })
      .optional()
      .describe('Requests per second of the open model, for all variants alike.'),
    arrivals: oneOf(['poisson', 'constant'])
      .optional()
      .describe('Times between requests in the open model; default poisson.'),
  },
  '{model: open, rate: 800/s}',
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
    micro: microSchema
      .optional()
      .describe('Short slices of a fixed number of requests, which judge CPU and allocation.'),
  },
  '{duration: 2s, blocks: 12}',
);

const crossCheckDuration = 'from 1s to 10m: the driver starts anew for each slice';
export const crossCheckSchema = mapping(
  {
    driver: oneOf(['autocannon']).default('autocannon').describe('The second driver.'),
    duration: duration(1000, 600_000, crossCheckDuration).default(1000).describe('Length of its slices.'),
    warmup: duration(0, 60_000, 'a duration from 0ms to 1m')
      .default(300)
      .describe('Time before each that is not measured.'),
    every: wholeNumber(1, 1000).default(3).describe('Every how many blocks it measures.'),
  },
  '{driver: autocannon, duration: 1s, every: 3}',
);

const commandError =
  'must be a list of words, program first, such as `[./my-proxy, --listen, "{listen}", --to, "{upstream}"]`';
export const variantSchema = mapping(
  {
    id: variantId.describe('What the variant is called in results; unique.'),
    kind: z
      .string({ error: 'must be a kind of the catalogue' })
      .meta({ enum: CATALOGUE.map((row) => row.kind) })
      .optional()
      .describe('Its row of the catalogue; default: the id.'),
    options: sidecarOptions
      .partial()
      .optional()
      .describe('Options of the Go sidecar over those of its kind.'),
    command: z
      .array(
        z.string({ error: 'must be text; put it in quotes' }).min(1, { error: 'must not be empty text' }),
        {
          error: commandError,
        },
      )
      .min(1, { error: commandError })
      .max(200, { error: commandError })
      .optional()
      .describe('Only for `custom`: argv, in which {listen} and {upstream} are replaced by host:port.'),
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
    workload: workloadSchema.prefault({}).describe('What is asked and answered.'),
    load: loadSchema
      .optional()
      .describe('How requests are sent in long slices; left out where there are none.'),
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
    gate: list(gateSchema, 100, '[{metric: cpu.per_request, maxIncrease: 5%}]', 0)
      .optional()
      .describe('Rules that make the run fail.'),
  },
  '{schema: meshmark.scenario/1, name: …}',
);

export type WrittenScenario = z.output<typeof scenarioSchema>;
