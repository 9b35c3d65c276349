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
  /** Where each slice's ramp begins, which ends at `ratePerSecond`; null for one rate throughout. */
  readonly fromRatePerSecond: number | null;
  /** Path of the user's own script, absolute or relative to this one; null for meshmark's. */
  readonly script: string | null;
}

/** Where a script runs, and for how long. */
export interface K6Stay {
  /** After so long it ends by itself; null where somebody ends it. */
  readonly seconds: number | null;
  /** Folder in which it finds `echo.proto`. */
  readonly protoFolder: string;
}

/** The service's messages as they are described for k6's gRPC client. */
export const K6_PROTO = join(installRoot, 'infra', 'dataplane', 'internal', 'service', 'echo', 'echo.proto');
const HERE: K6Stay = { seconds: null, protoFolder: dirname(K6_PROTO) };
/** k6 takes whole numbers of iterations for a unit of time; this many seconds of it keep thousandths of a rate. */
const RATE_UNIT_SECONDS = 1000;
/** The harness ends k6; this only bounds how long one without its harness goes on. */
const LONGEST_SECONDS = 3600;
/** What the script finds in its environment in place of a slice's lengths, which only a ramp needs to know. */
const WARMUP = '@warmup';
const MEASURED = '@measured';
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
 * model is an arrival rate over at most as many, constant or in a ramp over the measured part; an iteration that finds all
 * of them busy is dropped, and k6 counts it. A user's script keeps its options, except those that say when and how often it runs, and thresholds.
 */
export function k6Script(load: K6Load, stay: K6Stay = HERE): string {
  const options = {
    scenarios: { meshmark: executorOf(load, stay.seconds) },
    systemTags: SYSTEM_TAGS,
    ...(load.connectionPerRequest ? { noConnectionReuse: true } : {}),
  };
  if (load.script !== null) return userScript(load.script, options);
  const timeout = JSON.stringify({ timeout: load.timeoutMs });
  return load.protocol === 'grpc'
    ? grpcScript(load, options, timeout, stay.protoFolder)
    : httpScript(options, timeout);
}

/** Iterations per second over the measured part of a slice; null in a closed loop. */
export function meanRateOf({ ratePerSecond, fromRatePerSecond }: K6Load): number | null {
  return ratePerSecond === null ? null : ((fromRatePerSecond ?? ratePerSecond) + ratePerSecond) / 2;
}

function executorOf(
  { ratePerSecond, fromRatePerSecond, connections }: K6Load,
  seconds: number | null,
): Readonly<Record<string, unknown>> {
  const always = { duration: `${seconds ?? LONGEST_SECONDS}s`, gracefulStop: '0s' };
  if (ratePerSecond === null) return { executor: 'constant-vus', vus: connections, ...always };
  const inUnits = (rate: number) => Math.max(1, Math.round(rate * RATE_UNIT_SECONDS));
  const arrivals = {
    timeUnit: `${RATE_UNIT_SECONDS}s`,
    preAllocatedVUs: connections,
    maxVUs: connections,
  };
  if (fromRatePerSecond === null)
    return { executor: 'constant-arrival-rate', rate: inUnits(ratePerSecond), ...arrivals, ...always };
  const [from, to] = [inUnits(fromRatePerSecond), inUnits(ratePerSecond)];
  return {
    executor: 'ramping-arrival-rate',
    startRate: from,
    ...arrivals,
    stages: [
      { target: from, duration: WARMUP },
      { target: to, duration: MEASURED },
      ...(seconds === null ? [{ target: to, duration: always.duration }] : []),
    ],
    gracefulStop: always.gracefulStop,
  };
}

/** Options as the script has them: what only the slice knows is taken from its environment. */
function optionsText(options: object): string {
  return JSON.stringify(options)
    .replace(`"${WARMUP}"`, '__ENV.MESHMARK_WARMUP_MS + "ms"')
    .replace(`"${MEASURED}"`, '__ENV.MESHMARK_MEASURED_MS + "ms"');
}

function httpScript(options: object, params: string): string {
  return `import http from 'k6/http';
export const options = ${optionsText({ ...options, discardResponseBodies: true })};
const url = \`http://\${__ENV.MESHMARK_TARGET}/\`;
const params = ${params};
export default function () {
  http.get(url, params);
}
`;
}

function grpcScript(load: K6Load, options: object, params: string, protoFolder: string): string {
  return `import grpc from 'k6/net/grpc';
export const options = ${optionsText(options)};
const client = new grpc.Client();
client.load([${JSON.stringify(protoFolder)}], 'echo.proto');
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
export const options = Object.assign(own, ${optionsText(options)});
if (typeof script.default !== 'function') throw new Error(${JSON.stringify(`${path} exports no default function`)});
export function setup() {
  return script.setup === undefined ? undefined : script.setup();
}
export default function (data) {
  return script.default(data);
}
`;
}
