/** The shape of a scenario's load as it is written: what sends the requests, and when. */
import { duration, mapping, oneOf, quantity, text, wholeNumber } from './fields.js';
import { RATE } from './quantities.js';

export const loadSchema = mapping(
  {
    driver: oneOf(['loadgen', 'autocannon', 'k6'])
      .default('loadgen')
      .describe('What makes the traffic of long slices.'),
    model: oneOf(['open', 'closed']).describe(
      '`open`: requests are sent on a schedule at one rate, whatever the answers do; `closed`: each connection waits for its answer.',
    ),
    rate: quantity(RATE, { from: 1e-3, to: 1e6, words: 'more than 0 and at most 1000000/s' })
      .optional()
      .describe('Requests per second of the open model, for all variants alike.'),
    arrivals: oneOf(['poisson', 'constant', 'bursts', 'ramp'])
      .optional()
      .describe('Times between requests in the open model; default poisson, with `driver: k6` constant.'),
    burst: wholeNumber(2, 10_000)
      .optional()
      .describe('With `arrivals: bursts`: requests that are due at the same moment; default 50.'),
    from: quantity(RATE, { from: 1e-3, to: 1e6, words: 'more than 0 and at most 1000000/s' })
      .optional()
      .describe('With `arrivals: ramp`: the rate at which each slice begins; it ends at `rate`.'),
    thinkTime: duration(0, 60_000, 'a duration from 0ms to 1m')
      .optional()
      .describe('With `model: closed`: how long each connection rests after its answer, in long slices.'),
    processes: wholeNumber(1, 64)
      .optional()
      .describe(
        'With `driver: autocannon`: single-threaded processes that share the connections; default 1.',
      ),
    agents: wholeNumber(1, 100)
      .optional()
      .describe(
        'On `kubernetes`: pods that make the load of each variant together, on as many nodes as there are; they share the connections and the rate. Default 1. With `driver: k6`, the parallelism of the manifest that `--print` writes.',
      ),
    script: text(1000)
      .optional()
      .describe(
        'With `driver: k6`: a script of your own, relative to this file, whose default function sends to `__ENV.MESHMARK_TARGET` (`host:port`).',
      ),
  },
  '{model: open, rate: 800/s}',
);
