/** The shape of a scenario's workload as it is written: what is asked and answered. */
import { z } from 'zod';
import { duration, mapping, oneOf, percent, quantity, size, wholeNumber } from './fields.js';
import { BYTE_RATE, RATE } from './quantities.js';
import { requestsSchema } from './requests-schema.js';

const sizeRange = mapping({ min: size, max: size }, '{min: 1KiB, max: 64KiB}');
const slowClientsSchema = mapping(
  {
    share: percent({ from: 0.001, to: 0.99, words: 'from 0.1% to 99%' }).describe(
      'Share of the connections, rounded to at least one.',
    ),
    readRate: quantity(BYTE_RATE, { from: 1024, to: 2 ** 30, words: 'from 1KiB/s to 1024MiB/s' }).describe(
      'The most that each of them reads.',
    ),
  },
  '{share: 10%, readRate: 64KiB/s}',
);
export const workloadSchema = mapping(
  {
    protocol: oneOf(['http1', 'h2', 'h3', 'grpc', 'tcp', 'raw'])
      .default('http1')
      .describe(
        'What client and service speak. `http1`, `h2`, `h3` and `grpc`: the sidecars are reverse proxies (`h3` is QUIC with mutual TLS on every hop); `tcp`: they copy bytes, and client and service speak HTTP/1.1 through them; `raw`: they copy bytes, and no HTTP is spoken at all.',
      ),
    grpcMethod: oneOf(['unary', 'server-stream'])
      .optional()
      .describe('With `protocol: grpc`: one message for an answer (the default), or a stream of them.'),
    streamChunks: wholeNumber(2, 10_000)
      .optional()
      .describe('Answers come in so many pieces (messages, in a gRPC stream), each sent as it is made.'),
    streamInterval: duration(0, 60_000, 'a duration from 0ms to 1m')
      .optional()
      .describe('Time between those pieces.'),
    requestBytes: size.optional().describe('With `protocol: raw`: size of each request; default 64.'),
    requests: requestsSchema,
    responseBytes: z
      .union([size, sizeRange], {
        error: 'must be a size such as `16KiB`, or a range such as `{min: 1KiB, max: 64KiB}`',
      })
      .default(1024)
      .describe('Size of each response body, or a range of sizes drawn from uniformly.'),
    connections: wholeNumber(1, 10_000).default(16).describe('Client connections to each variant.'),
    connectionPerRequest: z
      .boolean({ error: 'must be `true` or `false`' })
      .default(false)
      .describe('Whether the client opens a new connection for each request.'),
    idleConnections: wholeNumber(0, 20_000)
      .default(0)
      .describe('Further client connections that are open and say nothing.'),
    slowClients: slowClientsSchema
      .optional()
      .describe(
        'Some of the connections read their answers slowly, in long slices; they are left out of every latency, so that what they do to the others is judged.',
      ),
    serviceDelay: duration(0, 60_000, 'a duration from 0ms to 1m')
      .default(0)
      .describe('How long the service waits before it answers.'),
    serviceCapacity: quantity(RATE, { from: 0.1, to: 1e6, words: 'from 0.1/s to 1000000/s' })
      .optional()
      .describe(
        'Requests that the service serves in a second, one after another; without it, as many as come.',
      ),
    faultRate: percent({ from: 0, to: 0.99, words: 'from 0% to 99%' })
      .default(0)
      .describe('Share of requests that the service answers with 503.'),
    timeout: duration(1, 60_000, 'a duration from 1ms to 1m')
      .default(5000)
      .describe('After this a request counts as timed out.'),
  },
  '{protocol: http1, responseBytes: 16KiB, connections: 16}',
);
