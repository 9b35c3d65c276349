/** What several fields of a scenario must agree on. */
import { isMetricName, METRIC_NAMES, METRICS, type MetricName } from '../record/index.js';
import { CATALOGUE, catalogueRow } from '../variants/index.js';
import type { PathStep } from './document.js';
import type { Draft } from './draft.js';
import { quote } from './fault.js';
import { measuredPerRoundMs, SHORTEST_BATCH_MS } from './scenario.js';
import { mendUnknown, nearest } from './suggestion.js';

/** A fault at the value of `path`, or at its key or parent when there is no value. */
export interface Disagreement {
  readonly path: readonly PathStep[];
  readonly message: string;
}

type Check = (draft: Draft) => readonly Disagreement[];

/** Every disagreement between fields that are right by themselves. */
export function disagreementsOf(draft: Draft): readonly Disagreement[] {
  return CHECKS.flatMap((check) => check(draft));
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(3))}s`;

const checkTopology: Check = ({ topology }) =>
  topology?.hops !== undefined && topology.path !== undefined
    ? [{ path: ['topology', 'path'], message: '`path` and `hops` say the same thing; keep one of them' }]
    : [];

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
  const rate = load?.rate;
  if (rate !== undefined && serviceDelay !== undefined && connections !== undefined) {
    // Little's law: requests in flight = rate × time in the system, and each takes a connection.
    const needed = Math.ceil((rate * serviceDelay) / 1000);
    if (needed > connections) {
      found.push({
        path: ['load', 'rate'],
        message: `this rate with a service delay of ${seconds(serviceDelay)} keeps ${needed} requests in flight, but there are ${connections} connections; lower the rate or raise \`workload.connections\``,
      });
    }
  }
  return found;
};

const checkLoad: Check = ({ load, slices, top }) => {
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
  if (load.model === 'closed') {
    for (const key of ['rate', 'arrivals'] as const) {
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
export function checkOpenRate(
  draft: Draft,
  isWritten: (path: readonly PathStep[]) => boolean,
): readonly Disagreement[] {
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
  if (slices !== null && !long && (load?.model === 'open' || load?.driver === 'autocannon')) {
    found.push({
      path: ['load'],
      message:
        '`load` describes long slices, and there are none; add `slices.duration` or leave `load` out (short slices are a closed loop of loadgen)',
    });
  }
  return found;
}

const checkSlices: Check = ({ slices, crossCheck, load, variants, top }) => {
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

/** Rows of the design that this version cannot stand up yet, so that a user learns that the name is not a slip. */
const ROWS_TO_COME: readonly string[] = [
  'default-idle',
  'worker-pool',
  'netpoll',
  'channel-contended',
  'pooled-connection',
  'fresh-connection',
  'tls-rsa',
  'tls-ecdsa',
  'tls-aes-gcm',
  'tls-chacha20',
  'mtls-all',
  'mtls-cross-cluster',
  'mtls-none',
  'passthrough',
  'h1-h2-convert',
  'grpc',
  'quic',
  'rbac-remote',
  'rbac-cached',
  'rbac-ebpf',
  'ebpf-sockmap',
  'ebpf-sockops',
  'zero-sidecar',
  'qat-tls',
  'all-on',
  'envoy',
  'haproxy',
  'nginx',
  'node-plain',
  'node-pooled',
];

const checkVariants: Check = ({ variants }) => {
  const found: Disagreement[] = [];
  const firstWith = new Map<string, number>();
  for (const [index, variant] of variants.entries()) {
    const { id } = variant;
    if (id !== undefined) {
      if (firstWith.has(id)) {
        found.push({
          path: ['variants', index, 'id'],
          message: `the id ${quote(id)} is taken by \`variants[${firstWith.get(id)}]\`; ids must be unique (a kind may be used again: \`{id: ${id.slice(0, 34)}-again, kind: …}\`)`,
        });
      } else firstWith.set(id, index);
    }
    const kind = variant.kind ?? id;
    if (kind === undefined) continue;
    const row = catalogueRow(kind);
    if (row === undefined) {
      found.push({
        path: ['variants', index, variant.kind === undefined ? 'id' : 'kind'],
        message: unknownKind(kind),
      });
      continue;
    }
    const custom = row.form.type === 'custom';
    if (variant.options !== undefined && row.form.type !== 'sidecar') {
      found.push({
        path: ['variants', index, 'options'],
        message: `options are for the Go sidecar, which \`${kind}\` is not; leave them out or use \`kind: sidecar\``,
      });
    }
    if (variant.command !== undefined && !custom) {
      found.push({
        path: ['variants', index, 'command'],
        message: `\`command\` is only for \`kind: custom\`, and this is \`${kind}\``,
      });
    }
    if (variant.command !== undefined && custom) {
      const missing = ['{listen}', '{upstream}'].filter(
        (placeholder) => !variant.command?.some((word) => word.includes(placeholder)),
      );
      if (missing.length > 0) {
        found.push({
          path: ['variants', index, 'command'],
          message: `\`command\` must contain ${missing.map((one) => `\`"${one}"\``).join(' and ')}, which meshmark replaces by host:port`,
        });
      }
    }
  }
  return found;
};

function unknownKind(kind: string): string {
  const known = CATALOGUE.map((row) => row.kind);
  const listed = known.map((one) => `\`${one}\``).join(', ');
  if (ROWS_TO_COME.includes(kind))
    return `${quote(kind)} is not in this version's catalogue, which has ${listed}`;
  const near = nearest(kind, known);
  const mend =
    near === null
      ? `; the catalogue has ${listed}, and a variant's kind is its id unless \`kind:\` says otherwise`
      : `; did you mean \`${near}\`?`;
  return `unknown kind ${quote(kind)}${mend}`;
}

function unknownVariant(id: string, ids: readonly string[]): string {
  return `no variant has the id ${quote(id)}${ids.length === 0 ? '; there are none' : mendUnknown(id, [...new Set(ids)])}`;
}

const checkBaseline: Check = ({ top, variants, compare, gate }) => {
  const ids = variants.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const found: Disagreement[] = [];
  if (top.baseline !== undefined && ids.length === variants.length && !ids.includes(top.baseline)) {
    found.push({ path: ['baseline'], message: unknownVariant(top.baseline, ids) });
  }
  for (const [index, pair] of compare.entries()) {
    if (pair === null || ids.length < variants.length) continue;
    for (const [side, id] of pair.entries()) {
      if (!ids.includes(id)) found.push({ path: ['compare', index, side], message: unknownVariant(id, ids) });
    }
    if (pair[0] === pair[1]) {
      found.push({ path: ['compare', index], message: 'a pair must name two different variants' });
    }
  }
  for (const [index, rule] of gate.entries()) {
    for (const [position, id] of (rule.variants ?? []).entries()) {
      const path = ['gate', index, 'variants', position];
      if (ids.length === variants.length && !ids.includes(id)) {
        found.push({ path, message: unknownVariant(id, ids) });
      } else if (id === top.baseline) {
        found.push({ path, message: `${quote(id)} is the baseline, which cannot be compared with itself` });
      }
    }
  }
  return found;
};

/** Like `checkOpenRate`: what is missing can only be told from what was written. */
export function checkBaselineWritten(
  draft: Draft,
  isWritten: (path: readonly PathStep[]) => boolean,
): readonly Disagreement[] {
  if (isWritten(['baseline'])) return [];
  const ids = draft.variants.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const example = ids[0] ?? 'plain';
  if (draft.gate.length > 0) {
    return [
      {
        path: ['baseline'],
        message: `\`baseline\` is missing; a gate compares with one, such as \`baseline: ${example}\``,
      },
    ];
  }
  return draft.variants.length >= 2 && !isWritten(['compare', 0])
    ? [
        {
          path: ['baseline'],
          message: `\`baseline\` is missing; with several variants, say which one the others are compared with, such as \`baseline: ${example}\``,
        },
      ]
    : [];
}

/** Metrics that only a steady state of seconds can give. */
function needsLongSlices(metric: MetricName): boolean {
  return (
    metric.startsWith('latency.') ||
    ['throughput', 'cpu.user_per_request', 'cpu.system_per_request', 'cpu.machine_per_request'].includes(
      metric,
    )
  );
}

/** Metrics of the data plane's own processes: `direct` has none. */
function isOfDataPlane(metric: MetricName): boolean {
  return /^(cpu\.(per|user|system)|ctx_switches|alloc|gc|memory)/.test(metric);
}

const checkGate: Check = ({ gate, slices, variants }) =>
  gate.flatMap((rule, index) => {
    if (rule.metric === undefined) return [];
    const path = ['gate', index, 'metric'];
    if (!isMetricName(rule.metric)) {
      return [
        { path, message: `unknown metric ${quote(rule.metric)}${mendUnknown(rule.metric, METRIC_NAMES)}` },
      ];
    }
    const { metric } = rule;
    const found: Disagreement[] = [];
    const lower = METRICS[metric].goodness === 'lower';
    const [right, wrong] = lower
      ? (['maxIncrease', 'maxDecrease'] as const)
      : (['maxDecrease', 'maxIncrease'] as const);
    if (rule[wrong] !== undefined) {
      found.push({
        path: ['gate', index, wrong],
        message: `\`${metric}\` is better when ${lower ? 'lower' : 'higher'}, so its limit is \`${right}\`, not \`${wrong}\``,
      });
    }
    if (slices !== null && slices.duration === undefined && needsLongSlices(metric)) {
      found.push({
        path,
        message: `\`${metric}\` cannot be decided by short slices; add \`slices.duration\` or gate another metric`,
      });
    }
    for (const [position, id] of (rule.variants ?? []).entries()) {
      const variant = variants.find((one) => one.id === id);
      if ((variant?.kind ?? variant?.id) !== 'direct' || !isOfDataPlane(metric)) continue;
      found.push({
        path: ['gate', index, 'variants', position],
        message: `${quote(id)} has no proxy, so it has no \`${metric}\` to judge`,
      });
    }
    return found;
  });

/** Rules without a limit, told from what was written. */
export function checkGateLimits(
  draft: Draft,
  isWritten: (path: readonly PathStep[]) => boolean,
): readonly Disagreement[] {
  return draft.gate.flatMap((rule, index) => {
    if (isWritten(['gate', index, 'maxIncrease']) || isWritten(['gate', index, 'maxDecrease'])) return [];
    if (rule.metric === undefined || !isMetricName(rule.metric)) return [];
    const limit = METRICS[rule.metric].goodness === 'lower' ? 'maxIncrease' : 'maxDecrease';
    return [{ path: ['gate', index], message: `a gate rule needs a limit; add \`${limit}: 5%\`` }];
  });
}

/** Custom variants without a command, told from what was written. */
export function checkCommands(
  draft: Draft,
  isWritten: (path: readonly PathStep[]) => boolean,
): readonly Disagreement[] {
  return draft.variants.flatMap(({ id, kind }, index) =>
    (kind ?? id) === 'custom' && !isWritten(['variants', index, 'command'])
      ? [
          {
            path: ['variants', index],
            message:
              'a custom variant needs a `command`, such as `[./my-proxy, --listen, "{listen}", --to, "{upstream}"]`',
          },
        ]
      : [],
  );
}

const CHECKS: readonly Check[] = [
  checkTopology,
  checkWorkload,
  checkLoad,
  checkSlices,
  checkVariants,
  checkBaseline,
  checkGate,
];
