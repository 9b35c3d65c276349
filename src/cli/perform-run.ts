/** Everything between a plan and a finished run folder: the one place where the rooms are wired together. */
import { createLocalCluster, type MeasuredLink } from '../cluster/index.js';
import {
  createProcessHost,
  dataplaneBinary,
  fileDigest,
  packageVersion,
  pinHarness,
  systemClock,
} from '../host/index.js';
import { holdIdleConnections, startAutocannon, startLoadgen } from '../load/index.js';
import type { Plan } from '../plan/index.js';
import { readAdmin, readMachine, readProcessCpuNs } from '../probes/index.js';
import {
  createRunWriter,
  type NoiseFloor,
  RUN_SCHEMA,
  type RunRecord,
  type RunVariant,
  type RunWriter,
  readRun,
  type StoredRun,
  type Topology,
} from '../record/index.js';
import { executeRun, type ProgressEvent, type RunOutcome } from '../runner/index.js';
import { rowsOf } from './variant-rows.js';

/** Certificates outlive the run's budget by this, for the time it takes to stand up and to tear down. */
const CERTIFICATE_SLACK_MS = 10 * 60_000;

export interface RunRequest {
  readonly plan: Plan;
  readonly directory: string;
  /** The command line that repeats this run. */
  readonly command: readonly string[];
  /** What this machine is known to tell apart; null when it has not been calibrated. */
  readonly floor: NoiseFloor | null;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
  /** Called with the roles whose CPU counts, by variant, before the first slice. */
  readonly onStanding?: (dataPlaneRoles: ReadonlyMap<string, readonly string[]>) => void;
}

/**
 * Runs a plan and returns what the folder then holds, without an analysis. Whatever happens, the processes are ended
 * and the record says how it ended. Throws EnvironmentFault and RecordError.
 */
export async function performRun(request: RunRequest): Promise<StoredRun> {
  const { plan, directory } = request;
  const host = createProcessHost();
  const { keepAwake } = plan.cluster;
  const cluster = createLocalCluster(host, {
    keepAwake: keepAwake === 'always' || (keepAwake === 'auto' && readMachine(null, {}).virtualised !== null),
    directory,
    longestMs: plan.schedule.budgetMs + CERTIFICATE_SLACK_MS,
    nodes: plan.topology.nodes,
    roundTripMs: plan.topology.roundTripMs,
    policyLatencyMs: plan.policy.latencyMs,
  });
  let writer: RunWriter | null = null;
  let run: RunRecord | null = null;
  try {
    const { generatorCores } = cluster.isolation;
    pinHarness(generatorCores);
    const engine = await startLoadgen(host, generatorCores);
    const needsAutocannon = plan.schedule.crossCheck !== null || plan.load.driver === 'autocannon';
    const autocannon = needsAutocannon ? startAutocannon(host, generatorCores) : null;
    const variants = rowsOf(plan, cluster);
    request.onStanding?.(new Map(variants.map((variant) => [variant.id, variant.dataPlaneRoles])));
    writer = createRunWriter(directory);
    run = manifestOf(request, variants, engine.ready.goVersion, cluster.isolation);
    writer.writeRun(run);
    const outcome = await executeRun(
      plan,
      {
        cluster,
        engine,
        autocannon,
        holdIdle: (target, count) => holdIdleConnections(host, generatorCores, target, count),
        readAdmin,
        readProcessCpuNs,
        clock: systemClock,
      },
      writer,
      {
        onProgress: request.onProgress,
        signal: request.signal,
        decide: ({ elapsedMs }) => (elapsedMs < plan.schedule.budgetMs ? 'continue' : 'stop'),
      },
    );
    run = concluded(run, outcome, cluster.link());
    writer.writeRun(run);
  } catch (fault) {
    if (writer !== null && run !== null) keepFailure(writer, run, fault);
    throw fault;
  } finally {
    closeQuietly(writer);
    await cluster.close();
    await host.close();
  }
  return readRun(directory);
}

function manifestOf(
  request: RunRequest,
  variants: readonly RunVariant[],
  goVersion: string,
  isolation: RunRecord['isolation'],
): RunRecord {
  const { plan } = request;
  return {
    schema: RUN_SCHEMA,
    runId: request.directory.split('/').at(-1) ?? request.directory,
    meshmarkVersion: packageVersion(),
    command: [...request.command],
    seed: plan.schedule.seed,
    createdAt: new Date().toISOString(),
    finishedAt: null,
    state: 'running',
    stateReason: null,
    scenario: { ...plan.scenario },
    planned: plan.analysis,
    variants: [...variants],
    machine: readMachine(goVersion, { dataplane: fileDigest(dataplaneBinary()) }),
    isolation,
    parity: [],
    topology: topologyOf(plan),
    ablation: plan.ablation,
    floor: request.floor,
    analysis: null,
  };
}

function topologyOf({ topology }: Plan): Topology {
  return {
    path: ['client', ...topology.roles, 'service'],
    clusters: Object.fromEntries(
      Object.entries(topology.clusters).map(([cluster, steps]) => [cluster, [...steps]]),
    ),
    nodes: topology.nodes,
    roundTripMs: topology.nodes === 2 ? topology.roundTripMs : null,
    interception: 'none',
  };
}

function concluded(run: RunRecord, outcome: RunOutcome, link: MeasuredLink | null): RunRecord {
  const interrupted = outcome.state === 'interrupted';
  return {
    ...run,
    state: outcome.state,
    stateReason: interrupted
      ? `interrupted after ${outcome.roundsDone} of ${run.planned.rounds} rounds`
      : null,
    finishedAt: new Date().toISOString(),
    parity: [...outcome.parity],
    topology: run.topology == null ? null : { ...run.topology, link: linkIn(link) },
    variants: run.variants.map((variant) => {
      const reason = outcome.failures.get(variant.id);
      return reason === undefined ? variant : { ...variant, status: 'failed', reason };
    }),
  };
}

function linkIn(link: MeasuredLink | null): Topology['link'] {
  if (link === null) return null;
  const { median, p99 } = link.roundTripMicros;
  return { kind: link.kind, medianMicros: median, p99Micros: p99 };
}

/** The run is lost to a fault that is being reported; that it failed is noted if the disk still takes it. */
function keepFailure(writer: RunWriter, run: RunRecord, fault: unknown): void {
  const stateReason = fault instanceof Error ? fault.message : String(fault);
  try {
    writer.writeRun({ ...run, state: 'failed', stateReason, finishedAt: new Date().toISOString() });
  } catch {
    // The disk that is full is the fault being reported; the manifest written at the start still stands.
  }
}

function closeQuietly(writer: RunWriter | null): void {
  try {
    writer?.close();
  } catch {
    // Every append has been written; only the last sync was refused, and its fault has been reported.
  }
}
