/**
 * k6's JSON output, a line for each sample of each metric (https://grafana.com/docs/k6/latest/results-output/real-time/json/).
 * The samples of one HTTP request follow each other with one time, which is when its answer had come.
 */
import { z } from 'zod';
import type { ErrorCounts } from '../record/index.js';

/** Something that k6 measured, as far as a slice wants it. Times are of the machine's time of day, in µs since 1970. */
export type K6Sample =
  | {
      readonly type: 'request';
      readonly atMicros: number;
      /** From asking for a connection to the last byte; connecting, where it had to, included. */
      readonly latencyNs: number;
      readonly error: K6Error | null;
    }
  | { readonly type: 'received'; readonly atMicros: number; readonly bytes: number }
  | { readonly type: 'dropped'; readonly atMicros: number; readonly iterations: number };

export interface K6Error {
  readonly cause: keyof ErrorCounts;
  readonly message: string;
  /** Whether there was no free local port to connect from, which is no fault of the target's. */
  readonly portsExhausted: boolean;
}

const point = z.object({
  metric: z.string(),
  data: z.object({
    time: z.string(),
    value: z.number(),
    tags: z.record(z.string(), z.string()).nullish(),
  }),
});
type Point = z.infer<typeof point>;

/** Begins every line that is looked at. All others are dropped unparsed: k6 writes thirteen lines for each request. */
const WANTED =
  /^\{"metric":"(?:http_req_duration|http_req_blocked|grpc_req_duration|data_received|dropped_iterations)"/;

/**
 * A reader of one k6's lines, one call a line and in their order. It returns the sample that the line completed, or
 * null. Throws a RangeError for a sample that cannot be read.
 */
export function createK6Reader(): (line: string) => K6Sample | null {
  let pending: Point | null = null;
  return (line) => {
    // k6 also says on its stdout that one of its flags has a new name.
    if (!WANTED.test(line)) return null;
    const read = parsed(line);
    const atMicros = microsOf(read.data.time);
    const { value } = read.data;
    switch (read.metric) {
      case 'http_req_duration':
        pending = read;
        return null;
      case 'http_req_blocked': {
        // The duration alone begins when a connection is there: whoever connects for each request waits longer.
        if (pending === null || pending.data.time !== read.data.time) {
          throw new RangeError(`k6 wrote a part of a request without the request: ${line.slice(0, 200)}`);
        }
        const latencyNs = (pending.data.value + value) * 1e6;
        const error = httpErrorOf(pending.data.tags ?? {});
        pending = null;
        return { type: 'request', atMicros, latencyNs, error };
      }
      case 'grpc_req_duration':
        return {
          type: 'request',
          atMicros,
          latencyNs: value * 1e6,
          error: grpcErrorOf(read.data.tags ?? {}),
        };
      case 'data_received':
        return { type: 'received', atMicros, bytes: value };
      default:
        return { type: 'dropped', atMicros, iterations: value };
    }
  };
}

function parsed(line: string): Point {
  try {
    return point.parse(JSON.parse(line));
  } catch (cause) {
    throw new RangeError(`k6 wrote a sample that cannot be read: ${line.slice(0, 200)}`, { cause });
  }
}

/** Microseconds since 1970 of a time with up to nine digits behind its second, of which Date keeps three. */
function microsOf(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  const below = Number(fraction.slice(3, 6).padEnd(3, '0'));
  return Date.parse(time) * 1000 + (Number.isNaN(below) ? 0 : below);
}

/**
 * What went wrong with an HTTP request, or null. The codes are k6's own
 * (https://grafana.com/docs/k6/latest/javascript-api/error-codes/): 1050 and 1211 are timeouts, the rest of 11xx and
 * 121x the way to a connection, 12xx one that broke, 14xx and 15xx a status.
 */
function httpErrorOf(tags: Readonly<Record<string, string>>): K6Error | null {
  const code = Number(tags.error_code ?? 0);
  const status = Number(tags.status ?? 0);
  if (code === 0 && status > 0 && status < 400) return null;
  const message = tags.error ?? (status > 0 ? `status ${status}` : `k6's error ${code}`);
  return { cause: causeOf(code, status, message), message, portsExhausted: isWithoutPort(message) };
}

function causeOf(code: number, status: number, message: string): keyof ErrorCounts {
  if (code === 1050 || code === 1211) return 'timeout';
  if ((code >= 1100 && code < 1200) || (code >= 1210 && code < 1220) || isWithoutPort(message))
    return 'connect';
  if ((code >= 1200 && code < 1300) || /EOF|reset by peer|closed/.test(message)) return 'reset';
  return code >= 1400 || status >= 400 ? 'status' : 'protocol';
}

/** What went wrong with a call, by its status (https://grpc.io/docs/guides/status-codes/): 4 is DEADLINE_EXCEEDED. */
function grpcErrorOf(tags: Readonly<Record<string, string>>): K6Error | null {
  if (tags.status === undefined || tags.status === '0') return null;
  const message = `gRPC status ${tags.status}`;
  return { cause: tags.status === '4' ? 'timeout' : 'status', message, portsExhausted: false };
}

function isWithoutPort(message: string): boolean {
  return message.includes('assign requested address');
}
