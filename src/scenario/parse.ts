/** Scenario text to a scenario, or to every fault it has. */
import { isMetricName } from '../record/index.js';
import type { CustomSettings } from '../variants/index.js';
import { clusterSchema } from './cluster-schema.js';
import { disagreementsOf } from './consistency.js';
import type { Disagreement } from './disagreement.js';
import { type PathStep, type Place, type ReadDocument, readDocument } from './document.js';
import { draftOf, isRecord } from './draft.js';
import type { ScenarioFault } from './fault.js';
import { missingScript } from './k6-consistency.js';
import { cellsOf, documentOfCell, placeInMatrix } from './matrix.js';
import { matrixDisagreements } from './matrix-consistency.js';
import { matrixSchema } from './matrix-schema.js';
import { placesOfIssues, valueAt } from './messages.js';
import { type BodyReader, bodyProblems, noBodies, requestsOf } from './requests.js';
import { type Scenario, type ScenarioCluster, type ScenarioLoad, slowConnections } from './scenario.js';
import { scenarioSchema, type WrittenScenario } from './schema.js';
import { rolesOf } from './topology.js';

/** Messages of a gRPC stream, requests of a burst and bytes of a raw request, where the scenario does not say. */
const USUAL_CHUNKS = 16;
const USUAL_BURST = 50;
const USUAL_REQUEST_BYTES = 64;
/** A call within a cluster and a decision. */
const USUAL_DECISION_MS = 1;

/** What a scenario may name beside it. */
export interface ScenarioFiles {
  /** Reads the body of a request. */
  readonly readBody: BodyReader;
  /** Whether there is such a file. */
  readonly isFile: (path: string) => boolean;
  /** What the command line says of `cluster`, over what the scenario does. */
  readonly cluster: Readonly<Record<string, unknown>>;
}

export type ParsedScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  /** In the order of the file; never empty. */
  | { readonly ok: false; readonly faults: readonly ScenarioFault[] };

/**
 * Validates scenario text. `file` is only used to name the place of a fault; `files` tells of the files that the scenario
 * names, relative to it. Never throws: any text gives a scenario or faults, all of them at once unless the YAML itself
 * cannot be read.
 */
export function parseScenario(
  text: string,
  file: string,
  files: Partial<ScenarioFiles> = {},
): ParsedScenario {
  const { readBody = noBodies, isFile = () => true, cluster = {} } = files;
  const read = readDocument(text);
  const document = withCluster(read.document, cluster);
  if (document === null) return { ok: false, faults: faultsAt(read.faults, read, file) };
  const checked = scenarioSchema.safeParse(document.value);
  const places: Place[] = [...read.faults];
  if (!checked.success) places.push(...placesOfIssues(checked.error.issues, document));
  if (isRecord(document.value)) {
    const { value } = document;
    const { workload } = value;
    const bodies = isRecord(workload) ? bodyProblems(workload.requests, readBody) : [];
    const disagreements = [
      ...('matrix' in value ? disagreementsOfCells(value) : ownDisagreements(value)),
      ...missingScript(draftOf(value), isFile),
      ...bodies,
    ];
    for (const { path, message } of disagreements) places.push({ offset: document.offsetOf(path), message });
  }
  if (places.length > 0 || !checked.success) return { ok: false, faults: faultsAt(places, read, file) };
  const { matrix } = checked.data;
  if (matrix === undefined || !isRecord(document.value)) {
    return { ok: true, scenario: normalised(checked.data, readBody) };
  }
  const { value } = document;
  const cells = cellsOf(matrix).cells.map(({ id, values, ...cell }) => {
    const own = scenarioSchema.parse(documentOfCell(value, { id, values, ...cell }));
    return { id, values, scenario: normalised(own, readBody) };
  });
  const [first] = cells;
  if (first === undefined) throw new RangeError('a matrix without cells was not refused');
  return {
    ok: true,
    scenario: {
      ...first.scenario,
      cells: cells.map(({ id, values, scenario: { workload, load } }) => ({ id, values, workload, load })),
    },
  };
}

/** The document with what the command line says over it. */
function withCluster(
  document: ReadDocument['document'],
  cluster: Readonly<Record<string, unknown>>,
): ReadDocument['document'] {
  if (document === null || !isRecord(document.value) || Object.keys(cluster).length === 0) return document;
  const own = isRecord(document.value.cluster) ? document.value.cluster : {};
  return { ...document, value: { ...document.value, cluster: { ...own, ...cluster } } };
}

type Written = Readonly<Record<string, unknown>>;

function ownDisagreements(value: Written): readonly Disagreement[] {
  return disagreementsOf(draftOf(value), (path) => valueAt(value, path) !== undefined);
}

/** What each cell's scenario disagrees on, said of the matrix's value where it is one, and once for all cells alike. */
function disagreementsOfCells(value: Written): readonly Disagreement[] {
  const read = matrixSchema.safeParse(value.matrix);
  if (!read.success) return [];
  const own = matrixDisagreements(read.data, draftOf(value), (path) => valueAt(value, path) !== undefined);
  if (own.length > 0) return own;
  const { cells } = cellsOf(read.data);
  const found = new Map<string, { readonly path: readonly PathStep[]; message: string; ids: Set<string> }>();
  for (const cell of cells) {
    for (const { path, message } of ownDisagreements(documentOfCell(value, cell))) {
      const at = placeInMatrix(path, cell);
      const name = JSON.stringify([at, message]);
      const same = found.get(name) ?? { path: at, message, ids: new Set() };
      found.set(name, { ...same, ids: same.ids.add(cell.id) });
    }
  }
  return [...found.values()].map(({ path, message, ids }) => ({
    path,
    message: ids.size === cells.length ? message : `in the cell \`${[...ids][0]}\`: ${message}`,
  }));
}

function faultsAt(places: readonly Place[], read: ReadDocument, file: string): readonly ScenarioFault[] {
  const sorted = [...places].sort((a, b) => a.offset - b.offset || (a.message < b.message ? -1 : 1));
  const distinct = sorted.filter(
    (place, index) =>
      index === 0 ||
      place.offset !== sorted[index - 1]?.offset ||
      place.message !== sorted[index - 1]?.message,
  );
  return distinct.map(({ offset, message }) => ({ file, ...read.positionOf(offset), message }));
}

function normalised(written: WrittenScenario, readBody: BodyReader): Scenario {
  const { slices, crossCheck, topology } = written;
  return {
    name: written.name,
    description: written.description ?? null,
    cluster: clusterOf(written.cluster ?? clusterSchema.parse({})),
    topology: topologyOf(topology),
    policy: { latencyMs: written.policy?.latency ?? USUAL_DECISION_MS },
    workload: workloadOf(written.workload, readBody),
    load: loadOf(written.load),
    cells: [],
    slices: {
      blocks: slices.blocks,
      budgetMs: slices.budget,
      seed: slices.seed,
      replicas: slices.replicas ?? null,
      earlyStop: slices.earlyStop,
      confirmShare: slices.confirm,
      long: slices.duration === undefined ? null : { durationMs: slices.duration, warmupMs: slices.warmup },
      micro:
        slices.micro === undefined
          ? null
          : {
              requests: slices.micro.requests,
              warmupRequests: slices.micro.warmup,
              perRoundMs: slices.micro.perRound,
            },
    },
    crossCheck:
      crossCheck === undefined
        ? null
        : {
            driver: crossCheck.driver,
            durationMs: crossCheck.duration,
            warmupMs: crossCheck.warmup,
            everyRounds: crossCheck.every,
          },
    confidence: written.confidence,
    margin: written.margin,
    variants: written.variants.map((variant) => ({
      id: variant.id,
      kind: variant.kind ?? variant.id,
      options: variant.options ?? {},
      command: variant.command ?? null,
      ...customOf(variant),
      ...(variant.inject === undefined ? {} : { inject: variant.inject }),
      ...(variant.build === undefined ? {} : { build: variant.build }),
    })),
    baseline: written.baseline ?? null,
    compare: (written.compare ?? []).flatMap(([candidate, baseline]) =>
      candidate === undefined || baseline === undefined ? [] : [{ candidate, baseline }],
    ),
    ablation: written.ablation ?? null,
    offloadCeiling:
      written.offloadCeiling === undefined ? null : { durationMs: written.offloadCeiling.duration },
    gate: (written.gate ?? []).flatMap(({ metric, maxIncrease, maxDecrease, variants }) =>
      isMetricName(metric)
        ? [
            {
              metric,
              maxIncrease: maxIncrease ?? null,
              maxDecrease: maxDecrease ?? null,
              variants: variants ?? null,
            },
          ]
        : [],
    ),
  };
}

function clusterOf(written: NonNullable<WrittenScenario['cluster']>): ScenarioCluster {
  const { provider, keepAwake, context, kubeconfig, namespace, image, startTimeout, ...pods } = written;
  if (provider === 'local') return { provider, keepAwake };
  return {
    provider,
    context: context ?? null,
    kubeconfig: kubeconfig ?? null,
    namespace: namespace ?? null,
    image: image ?? null,
    startLimitMs: startTimeout,
    ...pods,
  };
}

function customOf({ image, env, ready, metrics }: WrittenScenario['variants'][number]): {
  readonly custom?: CustomSettings;
} {
  if ([image, env, ready, metrics].every((field) => field === undefined)) return {};
  const map = Object.entries(metrics?.map ?? {}).flatMap(([name, selectors]) =>
    selectors === undefined ? [] : [[name, [selectors].flat()] as const],
  );
  return {
    custom: {
      image: image ?? null,
      env: env ?? {},
      ready:
        ready === undefined
          ? { type: 'answer' }
          : ready === 'tcp'
            ? { type: 'tcp' }
            : { type: 'http', ...ready },
      metrics: metrics === undefined ? null : { url: metrics.url, map: Object.fromEntries(map) },
    },
  };
}

function topologyOf(written: WrittenScenario['topology']): Scenario['topology'] {
  return {
    roles: rolesOf(written ?? {}),
    clusters: written?.clusters ?? {},
    nodes: written?.nodes ?? 1,
    addresses: written?.addresses ?? 'ipv4',
    roundTripMs: written?.roundTrip ?? 0,
  };
}

function workloadOf(written: WrittenScenario['workload'], readBody: BodyReader): Scenario['workload'] {
  const bytes = written.responseBytes;
  const { streamChunks, streamInterval } = written;
  const streams = streamChunks !== undefined || written.grpcMethod === 'server-stream';
  return {
    protocol: written.protocol,
    grpcMethod: written.grpcMethod ?? 'unary',
    responseBytes: typeof bytes === 'number' ? { min: bytes, max: bytes } : bytes,
    stream: streams ? { chunks: streamChunks ?? USUAL_CHUNKS, intervalMs: streamInterval ?? 0 } : null,
    requestBytes: written.protocol === 'raw' ? (written.requestBytes ?? USUAL_REQUEST_BYTES) : null,
    requests: requestsOf(written.requests, readBody),
    connections: written.connections,
    connectionPerRequest: written.connectionPerRequest,
    idleConnections: written.idleConnections,
    slowClients: slowClientsOf(written),
    serviceDelayMs: written.serviceDelay,
    serviceCapacityPerSecond: written.serviceCapacity ?? null,
    faultRate: written.faultRate,
    timeoutMs: written.timeout,
  };
}

function slowClientsOf({ slowClients, connections }: WrittenScenario['workload']) {
  if (slowClients === undefined) return null;
  return {
    connections: slowConnections(connections, slowClients.share),
    readBytesPerSecond: slowClients.readRate,
  };
}

function loadOf(written: WrittenScenario['load']): ScenarioLoad | null {
  if (written === undefined) return null;
  const { agents = 1 } = written;
  return agents === 1 ? sentLoadOf(written) : { ...sentLoadOf(written), agents };
}

function sentLoadOf(written: NonNullable<WrittenScenario['load']>): ScenarioLoad {
  if (written.driver === 'autocannon') {
    return { driver: 'autocannon', model: 'closed', processes: written.processes ?? 1 };
  }
  if (written.driver === 'k6') {
    const script = written.script ?? null;
    if (written.model === 'closed') return { driver: 'k6', model: 'closed', script };
    const open = { driver: 'k6', model: 'open', ratePerSecond: written.rate ?? 0, script } as const;
    return written.arrivals === 'ramp'
      ? { ...open, arrivals: 'ramp', fromRatePerSecond: written.from ?? open.ratePerSecond }
      : { ...open, arrivals: 'constant' };
  }
  if (written.model === 'closed')
    return { driver: 'loadgen', model: 'closed', thinkMs: written.thinkTime ?? 0 };
  const open = { driver: 'loadgen', model: 'open', ratePerSecond: written.rate ?? 0 } as const;
  const arrivals = written.arrivals ?? 'poisson';
  if (arrivals === 'ramp')
    return { ...open, arrivals, fromRatePerSecond: written.from ?? open.ratePerSecond };
  return arrivals === 'bursts'
    ? { ...open, arrivals, burst: written.burst ?? USUAL_BURST }
    : { ...open, arrivals };
}
