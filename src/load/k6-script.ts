/** The script that k6 runs in a slice: what it sends, and on which schedule. */
import { dirname, join } from 'node:path';
import { installRoot } from '../host/index.js';

/** What a slice asks of k6; the same for all slices of a run. */
export interface K6Load {
  readonly protocol: 'http1' | 'grpc';
  /** Full name of the gRPC method, as its path in HTTP/2. */
  readonly grpcMethod: string;
  readonly connections: number;
  readonly connectionPerRequest: boolean;
  readonly timeoutMs: number;
  /** Iterations per second of the open model; null in a closed loop. */
  readonly ratePerSecond: number | null;
  /** Absolute path of the user's own script; null for meshmark's. */
  readonly script: string | null;
}

/** Where the service's messages are described, for k6's gRPC client. */
const PROTO = join('infra', 'dataplane', 'internal', 'service', 'echo', 'echo.proto');
/** k6 takes whole numbers of iterations for a unit of time; this many seconds of it keep thousandths of a rate. */
const RATE_UNIT_SECONDS = 1000;
/** The harness ends k6; this only bounds how long one without its harness goes on. */
const LONGEST_SECONDS = 3600;
/** Tags that are needed to tell errors apart; the others would more than double what k6 writes for each request. */
const SYSTEM_TAGS = ['status', 'error', 'error_code'];
/** Options of a user's script that would set another schedule beside meshmark's. */
const SCHEDULE_OPTIONS = [
  'vus',
  'duration',
  'iterations',
  'stages',
  'scenarios',
  'thresholds',
  'cloud',
  'ext',
];

/**
 * The text of the script. A closed loop is one virtual user, with a connection of its own, for each connection. The open
 * model is a constant arrival rate over at most as many; an iteration that finds all of them busy is dropped, and k6
 * counts it. A user's script keeps its options, except those that say when and how often it runs, and thresholds.
 */
export function k6Script(load: K6Load): string {
  const options = {
    scenarios: { meshmark: executorOf(load) },
    systemTags: SYSTEM_TAGS,
    ...(load.connectionPerRequest ? { noConnectionReuse: true } : {}),
  };
  if (load.script !== null) return userScript(load.script, options);
  const timeout = JSON.stringify({ timeout: load.timeoutMs });
  return load.protocol === 'grpc' ? grpcScript(load, options, timeout) : httpScript(options, timeout);
}

function executorOf({ ratePerSecond, connections }: K6Load): Readonly<Record<string, unknown>> {
  const always = { duration: `${LONGEST_SECONDS}s`, gracefulStop: '0s' };
  if (ratePerSecond === null) return { executor: 'constant-vus', vus: connections, ...always };
  return {
    executor: 'constant-arrival-rate',
    rate: Math.max(1, Math.round(ratePerSecond * RATE_UNIT_SECONDS)),
    timeUnit: `${RATE_UNIT_SECONDS}s`,
    preAllocatedVUs: connections,
    maxVUs: connections,
    ...always,
  };
}

function httpScript(options: object, params: string): string {
  return `import http from 'k6/http';
export const options = ${JSON.stringify({ ...options, discardResponseBodies: true })};
const url = \`http://\${__ENV.MESHMARK_TARGET}/\`;
const params = ${params};
export default function () {
  http.get(url, params);
}
`;
}

function grpcScript(load: K6Load, options: object, params: string): string {
  const proto = join(installRoot, PROTO);
  return `import grpc from 'k6/net/grpc';
export const options = ${JSON.stringify(options)};
const client = new grpc.Client();
client.load([${JSON.stringify(dirname(proto))}], 'echo.proto');
const params = ${params};
let connected = false;
export default function () {
  if (!connected) {
    client.connect(__ENV.MESHMARK_TARGET, { plaintext: true, ...params });
    connected = true;
  }
  client.invoke(${JSON.stringify(load.grpcMethod)}, {}, params);
}
`;
}

function userScript(path: string, options: object): string {
  return `import * as script from ${JSON.stringify(path)};
const own = Object.assign({}, script.options);
for (const key of ${JSON.stringify(SCHEDULE_OPTIONS)}) delete own[key];
export const options = Object.assign(own, ${JSON.stringify(options)});
if (typeof script.default !== 'function') throw new Error(${JSON.stringify(`${path} exports no default function`)});
export function setup() {
  return script.setup === undefined ? undefined : script.setup();
}
export default function (data) {
  return script.default(data);
}
`;
}
