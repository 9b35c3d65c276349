/** One request over HTTP/3, which Node.js does not speak: the data-plane binary asks it. */
import { z } from 'zod';
import { dataplaneBinary, runToEnd } from '../host/index.js';
import { identityArguments } from './arguments.js';
import type { Identity } from './certificates.js';
import type { Answer, Asked } from './question.js';

const told = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.array(z.string())),
  bodyBase64: z.string(),
});

/** Beyond the request's own limit, for the process to start and end. */
const PROCESS_SLACK_MS = 2000;

/** Asks `address` (`host:port`) as a client of that identity. Rejects when no whole answer came within `limitMs`. */
export async function askHttp3(
  address: string,
  path: string,
  limitMs: number,
  { method, headers, body }: Asked,
  identity: Identity,
): Promise<Answer> {
  const outcome = await runToEnd(
    [
      ...([dataplaneBinary(), 'ask', '--address', address, '--limit', `${limitMs}ms`] as const),
      ...['--method', method, '--path', path],
      ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}=${value}`]),
      ...identityArguments(identity),
    ],
    body ?? Buffer.alloc(0),
    limitMs + PROCESS_SLACK_MS,
  );
  if (!outcome.succeeded) throw new Error(outcome.stderr.trim());
  const answer = told.parse(JSON.parse(outcome.stdout));
  return {
    status: answer.status,
    httpVersion: '3',
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, values]) => [name.toLowerCase(), values.join(', ')]),
    ),
    body: Buffer.from(answer.bodyBase64, 'base64'),
  };
}
