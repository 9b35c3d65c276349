/** The shape of a mix of requests as it is written. */
import { z } from 'zod';
import { list, mapping, oneOf, size, text } from './fields.js';

/** What the bodies of a mix may hold together: every connection's target keeps them, in the generator's memory. */
export const MOST_BODY_BYTES = 8 * 2 ** 20;
export const MOST_BODY_WORDS = '8MiB';

const weightError = 'must be a number above 0 and at most 1000000';
const pathError =
  'must begin with `/` and hold printable ASCII without spaces or `#`, such as `/orders?limit=10`';
const headersError = 'must be a mapping of names to values, such as `{content-type: application/json}`';

const headers = z.record(z.string(), z.string({ error: 'must be text; put it in quotes' }), {
  error: headersError,
});

export const requestSchema = mapping(
  {
    weight: z
      .number({ error: weightError })
      .gt(0, { error: weightError })
      .lte(1e6, { error: weightError })
      .default(1)
      .describe('How often it is sent, relative to the others.'),
    method: oneOf(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      .optional()
      .describe('Its method; default `POST` with a body and `GET` without.'),
    path: z
      .string({ error: pathError })
      .regex(/^\/[\x21\x22\x24-\x7e]{0,1999}$/, { error: pathError })
      .default('/')
      .describe('Its path, with a query if it has one.'),
    headers: headers.default({}).describe('Further headers by name.'),
    bodyFile: text(1000)
      .optional()
      .describe(
        `A file with its body, named from where the scenario is; at most ${MOST_BODY_WORDS} in all requests.`,
      ),
    bodyBytes: size.optional().describe('Size of a body of letters, instead of a file.'),
  },
  '{weight: 3, method: POST, path: /orders, bodyBytes: 4KiB}',
);

export const requestsSchema = list(
  requestSchema,
  100,
  '[{weight: 3, path: /items}, {method: POST, path: /orders, bodyBytes: 4KiB}]',
)
  .optional()
  .describe('A mix of requests, drawn by weight; default: GET of `/`.');
