/** Scenario text to a scenario, or to every fault it has. */
import { isMetricName } from '../record/index.js';
import { disagreementsOf } from './consistency.js';
import { type PathStep, type Place, type ReadDocument, readDocument } from './document.js';
import { draftOf, isRecord } from './draft.js';
import type { ScenarioFault } from './fault.js';
import { placesOfIssues, valueAt } from './messages.js';
import type { Scenario, ScenarioLoad } from './scenario.js';
import { scenarioSchema, type WrittenScenario } from './schema.js';
import { rolesOf } from './topology.js';

/** Messages of a gRPC stream, and requests of a burst, where the scenario does not say. */
const USUAL_CHUNKS = 16;
const USUAL_BURST = 50;
/** A call within a cluster and a decision. */
const USUAL_DECISION_MS = 1;

export type ParsedScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  /** In the order of the file; never empty. */
  | { readonly ok: false; readonly faults: readonly ScenarioFault[] };

/**
 * Validates scenario text. `file` is only used to name the place of a fault. Never throws: any text gives a scenario
 * or faults, all of them at once unless the YAML itself cannot be read.
 */
export function parseScenario(text: string, file: string): ParsedScenario {
  const read = readDocument(text);
  const { document } = read;
  if (document === null) return { ok: false, faults: faultsAt(read.faults, read, file) };
  const checked = scenarioSchema.safeParse(document.value);
  const places: Place[] = [...read.faults];
  if (!checked.success) places.push(...placesOfIssues(checked.error.issues, document));
  if (isRecord(document.value)) {
    const draft = draftOf(document.value);
    const isWritten = (path: readonly PathStep[]) => valueAt(document.value, path) !== undefined;
    const disagreements = disagreementsOf(draft, isWritten);
    for (const { path, message } of disagreements) places.push({ offset: document.offsetOf(path), message });
  }
  if (places.length > 0 || !checked.success) return { ok: false, faults: faultsAt(places, read, file) };
  return { ok: true, scenario: normalised(checked.data) };
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

function normalised(written: WrittenScenario): Scenario {
  const { slices, crossCheck, topology } = written;
  return {
    name: written.name,
    description: written.description ?? null,
    cluster: { provider: 'local', keepAwake: written.cluster?.keepAwake ?? 'auto' },
    topology: topologyOf(topology),
    policy: { latencyMs: written.policy?.latency ?? USUAL_DECISION_MS },
    workload: workloadOf(written.workload),
    load: loadOf(written.load),
    slices: {
      blocks: slices.blocks,
      budgetMs: slices.budget,
      seed: slices.seed,
      replicas: slices.replicas ?? null,
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
            driver: 'autocannon',
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
    })),
    baseline: written.baseline ?? null,
    compare: (written.compare ?? []).flatMap(([candidate, baseline]) =>
      candidate === undefined || baseline === undefined ? [] : [{ candidate, baseline }],
    ),
    ablation: written.ablation ?? null,
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

function topologyOf(written: WrittenScenario['topology']): Scenario['topology'] {
  return {
    roles: rolesOf(written ?? {}),
    clusters: written?.clusters ?? {},
    nodes: written?.nodes ?? 1,
    roundTripMs: written?.roundTrip ?? 0,
  };
}

function workloadOf(written: WrittenScenario['workload']): Scenario['workload'] {
  const bytes = written.responseBytes;
  const { streamChunks, streamInterval } = written;
  const streams = streamChunks !== undefined || written.grpcMethod === 'server-stream';
  return {
    protocol: written.protocol,
    grpcMethod: written.grpcMethod ?? 'unary',
    responseBytes: typeof bytes === 'number' ? { min: bytes, max: bytes } : bytes,
    stream: streams ? { chunks: streamChunks ?? USUAL_CHUNKS, intervalMs: streamInterval ?? 0 } : null,
    connections: written.connections,
    connectionPerRequest: written.connectionPerRequest,
    idleConnections: written.idleConnections,
    serviceDelayMs: written.serviceDelay,
    faultRate: written.faultRate,
    timeoutMs: written.timeout,
  };
}

function loadOf(written: WrittenScenario['load']): ScenarioLoad | null {
  if (written === undefined) return null;
  if (written.model === 'closed') return { driver: written.driver, model: 'closed' };
  const open = { driver: 'loadgen', model: 'open', ratePerSecond: written.rate ?? 0 } as const;
  const arrivals = written.arrivals ?? 'poisson';
  return arrivals === 'bursts'
    ? { ...open, arrivals, burst: written.burst ?? USUAL_BURST }
    : { ...open, arrivals };
}
