/** What several fields of a scenario must agree on. */
import { checkAgents } from './agents-consistency.js';
import { checkCluster } from './cluster-consistency.js';
import type { Check, Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';
import { checkGate, checkGateLimits } from './gate-consistency.js';
import { checkInjections } from './injected-consistency.js';
import { checkK6, checkK6CrossCheck } from './k6-consistency.js';
import { checkOffloadCeiling } from './offload-consistency.js';
import { checkRequests } from './requests-consistency.js';
import { MOST_BODY_BYTES, MOST_BODY_WORDS } from './requests-schema.js';
import { measuredPerRoundMs, SHORTEST_BATCH_MS } from './scenario.js';
import { checkSlowClients } from './slow-consistency.js';
import { checkTopology } from './topology-consistency.js';
import {
  checkAblation,
  checkBaseline,
  checkBaselineWritten,
  checkCommands,
  checkVariants,
} from './variant-consistency.js';

/** Every disagreement between fields that are right by themselves. */
export function disagreementsOf(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  return [
    ...CHECKS.flatMap((check) => check(draft)),
    ...checkCluster(draft, isWritten),
    ...checkOpenRate(draft, isWritten),
    ...checkBaselineWritten(draft, isWritten),
    ...checkGateLimits(draft, isWritten),
    ...checkCommands(draft, isWritten),
    ...checkInjections(draft, isWritten),
  ];
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(3))}s`;

const checkWorkload: Check = ({ workload, load }) => {
  const found: Disagreement[] = [];
  const { responseBytes, serviceDelay, timeout, connections } = workload;
  if (typeof responseBytes === 'object' && responseBytes.min > responseBytes.max) {
    found.push({
      path: ['workload', 'responseBytes'],
      message: '`workload.responseBytes` has a `min` above its `max`; swap them',
    });
  }
  if (serviceDelay !== undefined && timeout !== undefined && serviceDelay >= timeout) {
    found.push({
      path: ['workload', 'serviceDelay'],
      message: `\`workload.serviceDelay\` is not below the timeout of ${seconds(timeout)}: every request would time out; raise \`workload.timeout\``,
    });
  }
  found.push(...checkProtocol(workload));
  const rate = load?.rate;
  const { serviceCapacity } = workload;
  if (rate !== undefined && serviceCapacity !== undefined && rate >= serviceCapacity) {
    found.push({
      path: ['load', 'rate'],
      message: `this rate is not below the service’s capacity of ${serviceCapacity}/s: its queue would only grow; lower the rate or raise \`workload.serviceCapacity\``,
    });
  }
  if (rate !== undefined && serviceDelay !== undefined && connections !== undefined) {
    // Little's law: requests in flight = rate × time in the system, and each takes a connection.
    const needed = Math.ceil((rate * serviceDelay) / 1000);
    if (needed > connections) {
      found.push({
        path: ['load', 'rate'],
        message: `this rate with a service delay of ${seconds(serviceDelay)} keeps ${needed} requests in flight, but there ${connections === 1 ? 'is 1 connection' : `are ${connections} connections`}; lower the rate or raise \`workload.connections\``,
      });
    }
  }
  return found;
};

/** What goes with which protocol. */
function checkProtocol(workload: Draft['workload']): Disagreement[] {
  const { protocol, grpcMethod, streamChunks, streamInterval, connectionPerRequest, requestBytes } = workload;
  const { idleConnections = 0, slowClients } = workload;
  const found: Disagreement[] = [];
  const refuse = (when: boolean, key: string, message: string) => {
    if (when) found.push({ path: ['workload', key], message });
  };
  refuse(
    grpcMethod !== undefined && protocol !== undefined && protocol !== 'grpc',
    'grpcMethod',
    '`workload.grpcMethod` needs `protocol: grpc`',
  );
  refuse(
    protocol === 'grpc' && grpcMethod !== 'server-stream' && streamChunks !== undefined,
    'streamChunks',
    'with gRPC, answers in pieces are a stream; add `grpcMethod: server-stream`',
  );
  refuse(
    requestBytes !== undefined && protocol !== undefined && protocol !== 'raw',
    'requestBytes',
    '`workload.requestBytes` needs `protocol: raw`; bodies of HTTP are in `workload.requests`',
  );
  refuse(
    requestBytes !== undefined && requestBytes > MOST_BODY_BYTES,
    'requestBytes',
    `\`workload.requestBytes\` is above ${MOST_BODY_WORDS}, which the generator keeps ready for each variant; use at most that`,
  );
  refuse(
    protocol === 'h3' && idleConnections > 0,
    'idleConnections',
    'idle connections are of TCP; leave them out with `protocol: h3`, or use `protocol: h2`',
  );
  refuse(
    protocol === 'h3' && slowClients !== undefined,
    'slowClients',
    'slow clients read from TCP; leave them out with `protocol: h3`, or use `protocol: h2`',
  );
  refuse(
    protocol === 'raw' && streamChunks !== undefined,
    'streamChunks',
    'answers in pieces need a protocol that knows them; use `protocol: tcp` or `http1`',
  );
  refuse(
    streamInterval !== undefined && streamChunks === undefined && grpcMethod !== 'server-stream',
    'streamInterval',
    '`workload.streamInterval` needs `streamChunks`',
  );
  refuse(
    connectionPerRequest === true && protocol === 'grpc',
    'connectionPerRequest',
    'gRPC keeps its connections; use `protocol: http1` or `h2`',
  );
  return found;
}

const speaksHttp1 = (protocol: string): boolean => protocol === 'http1' || protocol === 'tcp';

const checkLoad: Check = ({ load, slices, top, workload }) => {
  if (slices === null) return [];
  const hasLong = slices.duration !== undefined;
  if (load === null) {
    // A `load` that is there but no mapping has its own fault.
    return hasLong && top.load === undefined
      ? [
          {
            path: ['load'],
            message:
              '`load` is missing; long slices (`slices.duration`) need one, such as `{model: open, rate: 800/s}`',
          },
        ]
      : [];
  }
  const found: Disagreement[] = [];
  if (load.driver === 'autocannon' && load.model === 'open') {
    found.push({
      path: ['load', 'driver'],
      message:
        'autocannon cannot pace requests on a schedule; use `driver: loadgen` for the open model, or `model: closed`',
    });
  }
  if (load.processes !== undefined && load.driver === 'loadgen') {
    found.push({
      path: ['load', 'processes'],
      message:
        '`load.processes` is for `driver: autocannon`, one of whose processes fills one core; loadgen needs one only, so leave it out',
    });
  }
  if (load.processes !== undefined && load.processes > (workload.connections ?? Number.POSITIVE_INFINITY)) {
    found.push({
      path: ['load', 'processes'],
      message: `\`load.processes\` is above \`workload.connections\` (${workload.connections}): each process needs a connection of its own; use at most ${workload.connections}`,
    });
  }
  if (load.burst !== undefined && load.arrivals !== undefined && load.arrivals !== 'bursts') {
    found.push({ path: ['load', 'burst'], message: '`load.burst` needs `arrivals: bursts`' });
  }
  if (load.from !== undefined && load.arrivals !== 'ramp') {
    found.push({ path: ['load', 'from'], message: '`load.from` needs `arrivals: ramp`' });
  }
  if (load.arrivals === 'ramp' && load.from === undefined) {
    found.push({
      path: ['load', 'arrivals'],
      message: 'a ramp needs the rate at which it begins; add `from: 100/s` to `load`',
    });
  }
  if (load.thinkTime !== undefined && (load.model === 'open' || (load.driver ?? 'loadgen') !== 'loadgen')) {
    found.push({
      path: ['load', 'thinkTime'],
      message:
        '`load.thinkTime` needs `model: closed` and `driver: loadgen`: in an open model nothing waits for answers',
    });
  }
  if (load.driver === 'autocannon' && workload.protocol !== undefined && !speaksHttp1(workload.protocol)) {
    found.push({
      path: ['load', 'driver'],
      message: `autocannon speaks HTTP/1.1 only; use \`driver: loadgen\` with \`protocol: ${workload.protocol}\``,
    });
  }
  if (load.model === 'closed') {
    for (const key of ['rate', 'arrivals', 'burst', 'from'] as const) {
      if (load[key] === undefined) continue;
      found.push({
        path: ['load', key],
        message: `\`load.${key}\` has no meaning in the closed model, which sends as fast as answers come; use \`model: open\` or leave it out`,
      });
    }
  }
  return found;
};

/** Needs what was written, not only what was right, to know whether a rate is missing or merely wrong. */
function checkOpenRate(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  const { load, slices } = draft;
  const found: Disagreement[] = [];
  if (load?.model === 'open' && !isWritten(['load', 'rate'])) {
    found.push({ path: ['load'], message: 'the open model needs a rate; add `rate: 800/s` to `load`' });
  }
  const long = isWritten(['slices', 'duration']);
  if (slices !== null && !long && !isWritten(['slices', 'micro'])) {
    found.push({
      path: ['slices'],
      message:
        '`slices` measures nothing; give it `duration: 2s` (latency and throughput), `micro: {requests: 300}` (CPU and allocation) or both',
    });
  }
  if (
    slices !== null &&
    !long &&
    (load?.model === 'open' || load?.driver === 'autocannon' || load?.driver === 'k6')
  ) {
    found.push({
      path: ['load'],
      message:
        '`load` describes long slices, and there are none; add `slices.duration` or leave `load` out (short slices are a closed loop of loadgen)',
    });
  }
  return found;
}

const checkSlices: Check = ({ slices, crossCheck, load, variants, top, workload }) => {
  if (slices === null) return [];
  const found: Disagreement[] = [];
  const { blocks, replicas, duration, micro } = slices;
  if (blocks !== undefined && replicas !== undefined && replicas > blocks) {
    found.push({
      path: ['slices', 'replicas'],
      message: `\`slices.replicas\` is above \`slices.blocks\` (${blocks}): each set of processes serves at least one block; use at most ${blocks}`,
    });
  }
  if (blocks !== undefined && replicas !== undefined && replicas < Math.min(4, blocks)) {
    found.push({
      path: ['slices', 'replicas'],
      message: `\`slices.replicas\` must be at least ${Math.min(4, blocks)}: the luck of one start of a process is part of the noise`,
    });
  }
  if (blocks !== undefined && crossCheck?.every !== undefined && crossCheck.every > blocks) {
    found.push({
      path: ['crossCheck', 'every'],
      message: `\`crossCheck.every\` is above \`slices.blocks\` (${blocks}), so it would never run; use at most ${blocks}`,
    });
  }
  if (crossCheck?.driver === 'autocannon' && !speaksHttp1(workload.protocol ?? 'http1')) {
    found.push({
      path: ['crossCheck', 'driver'],
      message: `autocannon speaks HTTP/1.1 only; leave \`crossCheck\` out with \`protocol: ${workload.protocol}\``,
    });
  }
  if (crossCheck?.driver !== undefined && load?.driver === crossCheck.driver) {
    found.push({
      path: ['crossCheck', 'driver'],
      message:
        '`crossCheck` needs another driver than `load`; use `load.driver: loadgen` or leave `crossCheck` out',
    });
  }
  const long = duration === undefined ? null : { durationMs: duration, warmupMs: 0 };
  const short = micro === undefined ? null : { requests: 0, warmupRequests: 0, perRoundMs: micro.perRound };
  const measured = measuredPerRoundMs({ long, micro: short }, variants.length);
  if (measured > 0 && measured < SHORTEST_BATCH_MS && top.variants !== undefined) {
    found.push({
      path: short === null ? ['slices', 'duration'] : ['slices', 'micro', 'perRound'],
      message: `a round measures for only ${seconds(measured)}; intervals need batches of at least ${seconds(SHORTEST_BATCH_MS)}, so use \`${short === null ? 'duration' : 'perRound'}: 2s\``,
    });
  }
  return found;
};

const CHECKS: readonly Check[] = [
  checkTopology,
  checkWorkload,
  checkRequests,
  checkSlowClients,
  checkAgents,
  checkLoad,
  checkK6,
  checkK6CrossCheck,
  checkSlices,
  checkVariants,
  checkBaseline,
  checkAblation,
  checkOffloadCeiling,
  checkGate,
];
