/** Scenario text to a scenario, or to every fault it has. */
import { isMetricName } from '../record/index.js';
import { disagreementsOf } from './consistency.js';
import { type PathStep, type Place, type ReadDocument, readDocument } from './document.js';
import { draftOf, isRecord } from './draft.js';
import type { ScenarioFault } from './fault.js';
import { placesOfIssues, valueAt } from './messages.js';
import type { Scenario, ScenarioLoad } from './scenario.js';
import { scenarioSchema, type WrittenScenario } from './schema.js';

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
  return { ok: true, scenario: normalised(checked.data, document.value) };
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

function normalised(written: WrittenScenario, raw: unknown): Scenario {
  const { slices, crossCheck, topology } = written;
  return {
    name: written.name,
    description: written.description ?? null,
    cluster: { provider: 'local', keepAwake: written.cluster?.keepAwake ?? 'auto' },
    topology: { hops: topology?.hops ?? (topology?.path?.length === 3 ? 1 : 2) },
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
    variants: written.variants.map((variant, index) => {
      // The schema fills in the options' defaults, which would hide the presets of the variant's kind.
      const rawOptions = valueAt(raw, ['variants', index, 'options']);
      const declared = Object.entries(variant.options ?? {}).filter(
        ([key]) => isRecord(rawOptions) && Object.hasOwn(rawOptions, key),
      );
      return {
        id: variant.id,
        kind: variant.kind ?? variant.id,
        options: Object.fromEntries(declared),
        command: variant.command ?? null,
      };
    }),
    baseline: written.baseline ?? null,
    compare: (written.compare ?? []).flatMap(([candidate, baseline]) =>
      candidate === undefined || baseline === undefined ? [] : [{ candidate, baseline }],
    ),
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

function workloadOf(written: WrittenScenario['workload']): Scenario['workload'] {
  const bytes = written.responseBytes;
  return {
    protocol: written.protocol,
    responseBytes: typeof bytes === 'number' ? { min: bytes, max: bytes } : bytes,
    connections: written.connections,
    serviceDelayMs: written.serviceDelay,
    faultRate: written.faultRate,
    timeoutMs: written.timeout,
  };
}

function loadOf(written: WrittenScenario['load']): ScenarioLoad | null {
  if (written === undefined) return null;
  if (written.model === 'closed') return { driver: written.driver, model: 'closed' };
  return {
    driver: 'loadgen',
    model: 'open',
    ratePerSecond: written.rate ?? 0,
    arrivals: written.arrivals ?? 'poisson',
  };
}
