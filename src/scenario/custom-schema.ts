/** What a scenario may say of a proxy of the user's own. */
import { z } from 'zod';
import { MAPPABLE_COUNTERS } from '../variants/index.js';
import { mapping, text, wholeNumber } from './fields.js';

const commandError =
  'must be a list of words, program first, such as `[./my-proxy, --listen, "{listen}", --to, "{upstream}"]`';
const word = z
  .string({ error: 'must be text; put it in quotes' })
  .min(1, { error: 'must not be empty text' });

const command = z
  .array(word, { error: commandError })
  .min(1, { error: commandError })
  .max(200, { error: commandError })
  .optional()
  .describe(
    'Only for `custom`: argv, started once for each sidecar of the path. Replaced in it: {listen}, {listenHost}, {listenPort}, {upstream}, {upstreamHost}, {upstreamPort}, {admin}, {adminPort} (all on this machine, or in its pod), {certificate}, {key}, {ca} (PEM files of the run), {directory} (a folder of its own) and {role}.',
  );

const buildError = 'must be a list of words, program first, such as `[go, build, -o, my-proxy, .]`';
const build = z
  .array(word, { error: buildError })
  .min(1, { error: buildError })
  .max(200, { error: buildError })
  .optional()
  .describe(
    'Only for `custom`: a command that builds the proxy before the run, in the top folder of the scenario’s git repository (or the scenario’s folder, where there is none). Relative paths of `command` are then of that folder. With `--against git:REF` both run in a worktree of that commit, too.',
  );

const image = text(512)
  .optional()
  .describe(
    'Only for `custom` on `provider: kubernetes`: the image of its containers, pulled as `cluster.image` is; without a `command` they start what the image starts.',
  );

const envError = 'must be a mapping of names to text, such as `{LOG_LEVEL: error}`';
const env = z
  .record(z.string(), z.string({ error: 'must be text; put it in quotes' }), { error: envError })
  .optional()
  .describe('Only for `custom`: environment variables, in which the same is replaced as in `command`.');

const path = 'must be a path such as `/healthz`';
const readyError = 'must be `tcp`, or a mapping such as `{path: /healthz, status: 200}`';
const ready = z
  .union(
    [
      z.literal('tcp'),
      mapping(
        {
          path: z.string({ error: path }).regex(/^\/\S*$/, { error: path }),
          status: wholeNumber(100, 599).default(200),
        },
        '{path: /healthz, status: 200}',
      ),
    ],
    { error: readyError },
  )
  .optional()
  .describe(
    'Only for `custom`: when each proxy is ready: `tcp` when it takes connections, or what it answers, at {admin} where the command names one and else at {listen}. Default: the first answer through the whole path.',
  );

/** A metric of Prometheus and the labels that it must have. */
const SELECTOR =
  /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{\s*([a-zA-Z_][a-zA-Z0-9_]*\s*=\s*"([^"\\\n]|\\["\\n])*"\s*(,\s*|(?=\})))*\})?$/;
const selectorError = 'must be a metric such as `my_requests_total{code="200"}`';
const selector = z.string({ error: selectorError }).regex(SELECTOR, { error: selectorError });
const urlError = 'must be an address such as `"http://{admin}/metrics"`';
const metrics = mapping(
  {
    url: z
      .string({ error: urlError })
      .regex(/^http:\/\/\S+$/, { error: urlError })
      .describe('Where the proxy gives its figures as Prometheus text.'),
    map: mapping(
      Object.fromEntries(
        MAPPABLE_COUNTERS.map((name) => [
          name,
          z.union([selector, z.array(selector).min(1)], { error: selectorError }).optional(),
        ]),
      ),
      '{requests: \'my_requests_total{code="200"}\'}',
    ).describe('Which of its metrics, or the sum of which, is which counter.'),
  },
  '{url: "http://{admin}/metrics", map: {requests: my_requests_total}}',
)
  .optional()
  .describe(
    'Only for `custom`: the proxy’s own figures; with `requests` among them it must prove that it is in the path.',
  );

/** Fields of a variant that only `custom` has. */
export const customFields = { build, command, image, env, ready, metrics };
export const CUSTOM_FIELDS = ['build', 'command', 'image', 'env', 'ready', 'metrics'] as const;
