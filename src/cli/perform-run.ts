/** Everything between a plan and a finished run folder: the one place where the rooms are wired together. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClinic } from '../clinic/index.js';
import type { Cluster, MeasuredLink } from '../cluster/index.js';
import {
  createProcessHost,
  dataplaneBinary,
  EnvironmentFault,
  fileDigest,
  interruptProcess,
  packageVersion,
  pinHarness,
  systemClock,
} from '../host/index.js';
import {
  createK6Driver,
  holdIdleConnections,
  type LoadgenEngine,
  profileAutocannon,
  startAutocannon,
} from '../load/index.js';
import type { Plan } from '../plan/index.js';
import {
  readAdmin,
  readCpuShares,
  readMachine,
  readPerfStacks,
  readProcessCpuNs,
  readStacks,
} from '../probes/index.js';
import {
  type AskedRequest,
  type ComparedCommit,
  createRunWriter,
  type NoiseFloor,
  RUN_SCHEMA,
  type RunEnding,
  type RunRecord,
  type RunVariant,
  type RunWriter,
  readRun,
  type StoredRun,
  type Topology,
} from '../record/index.js';
import { executeRun, type ProgressEvent, type RunOutcome } from '../runner/index.js';
import { builtDigests } from './against/programs.js';
import { driverDigests, driversOf, k6LoadOf } from './drivers.js';
import { endEarly } from './early-end.js';
import { foreignDigests } from './foreign-programs.js';
import { type Ground, groundOf } from './ground.js';
import { rowsOf } from './variant-rows.js';

export interface RunRequest {
  readonly plan: Plan;
  readonly directory: string;
  /** What the run is called; default: the folder's name. */
  readonly runId?: string;
  /** The command line that repeats this run. */
  readonly command: readonly string[];
  /** What this machine is known to tell apart; null when it has not been calibrated. */
  readonly floor: NoiseFloor | null;
  /** The commit that variants are compared with; absent where they are with one another. */
  readonly against?: ComparedCommit;
  readonly signal: AbortSignal;
  /** Whether pods may reach into their nodes' kernels, where the scenario allows it, too. */
  readonly allowPrivileged?: boolean;
  readonly onProgress: (event: ProgressEvent) => void;
  /** Called with the roles whose CPU counts, by variant, before the first slice. */
  readonly onStanding?: (dataPlaneRoles: ReadonlyMap<string, readonly string[]>) => void;
  /** In a search, the rate to try next with a variant; null when nothing more is to be learnt of it. */
  readonly nextRate?: (variant: string) => number | null;
  /** What stands between the harness and its engine; only the self-test, which has it lie, puts anything there. */
  readonly between?: (engine: LoadgenEngine) => LoadgenEngine;
}

/**
 * Runs a plan and returns what the folder then holds, without an analysis. Whatever happens, the processes are ended
 * and the record says how it ended. Throws EnvironmentFault and RecordError.
 */
export async function performRun(asked: RunRequest): Promise<StoredRun> {
  const host = createProcessHost();
  let ground: Ground;
  try {
    ground = await groundOf(asked, host);
  } catch (fault) {
    await host.close();
    throw fault;
  }
  const request = { ...asked, plan: ground.plan };
  const { cluster, unavailable } = ground;
  const { plan, directory } = request;
  const available = plan.variants.filter(({ id }) => !unavailable.has(id));
  let writer: RunWriter | null = null;
  let run: RunRecord | null = null;
  let engine: LoadgenEngine | null = null;
  const drivers: readonly string[] = [plan.load.driver, plan.schedule.crossCheck?.driver ?? ''];
  const k6Folder = drivers.includes('k6') ? mkdtempSync(join(tmpdir(), 'meshmark-k6-')) : null;
  try {
    if (available.length === 0) {
      const reasons = [...unavailable].map(([id, reason]) => `${id}: ${reason}`);
      throw new EnvironmentFault(
        'NO_VARIANT_LEFT',
        `no variant of the scenario can stand ${ground.where}: ${reasons.join('; ')}`,
      );
    }
    const { generatorCores } = cluster.isolation;
    // Where the generator is elsewhere, so is what the harness must stay away from.
    if (generatorCores.length > 0) pinHarness(generatorCores);
    const { clientCgroup } = cluster;
    const started = await ground.startEngine();
    engine = request.between?.(started) ?? started;
    const needsAutocannon = drivers.includes('autocannon');
    const processes = plan.load.driver === 'autocannon' ? plan.load.processes : 1;
    const autocannon = needsAutocannon
      ? startAutocannon(host, generatorCores, clientCgroup, processes)
      : null;
    const k6 =
      k6Folder === null ? null : createK6Driver(host, generatorCores, clientCgroup, k6Folder, k6LoadOf(plan));
    const variants = rowsOf(plan, cluster, unavailable);
    request.onStanding?.(new Map(variants.map((variant) => [variant.id, variant.dataPlaneRoles])));
    for (const [variant, reason] of unavailable) {
      request.onProgress({ type: 'variant-unavailable', variant, reason });
    }
    writer = createRunWriter(directory);
    run = {
      ...manifestOf(request, variants, engine.ready.goVersion, cluster.isolation),
      ...driversOf(k6, plan),
    };
    writer.writeRun(run);
    const early = endEarly(run, plan.schedule.budgetMs, writer);
    const outcome = await executeRun(
      { ...plan, variants: available },
      {
        cluster,
        engine,
        autocannon,
        k6,
        holdIdle: (target, count) => holdIdleConnections(host, generatorCores, clientCgroup, target, count),
        readAdmin,
        readCpuShares,
        readStacks,
        readPerfStacks,
        readProcessCpuNs,
        clinic: plan.schedule.clinic == null ? null : openClinic(directory),
        interrupt: interruptProcess,
        profileAutocannon: (startedBy, signal, order) =>
          profileAutocannon(host, generatorCores, clientCgroup, startedBy, signal, order),
        clock: systemClock,
      },
      early.sink,
      {
        onProgress: request.onProgress,
        signal: request.signal,
        ...(request.nextRate === undefined ? {} : { nextRate: request.nextRate }),
        decide: early.decide,
      },
    );
    run = concluded({ ...run, ...ground.findings() }, outcome, cluster, early.why());
    writer.writeRun(run);
  } catch (fault) {
    if (writer !== null && run !== null) keepFailure(writer, run, fault);
    throw fault;
  } finally {
    closeQuietly(writer);
    await inTurn([
      () => engine?.close(),
      () => cluster.close(),
      () => host.close(),
      () => {
        if (k6Folder !== null) rmSync(k6Folder, { recursive: true, force: true });
      },
    ]);
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
    runId: request.runId ?? request.directory.split('/').at(-1) ?? request.directory,
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
    ...(plan.cells.length === 0
      ? {}
      : {
          cells: plan.cells.map(({ id, values, variants: own }) => ({
            id,
            values: { ...values },
            variants: [...own],
          })),
        }),
    machine: readMachine(goVersion, {
      dataplane: fileDigest(dataplaneBinary()),
      ...foreignDigests(plan.variants),
      ...driverDigests(plan),
      ...builtDigests(plan.variants),
    }),
    isolation,
    parity: [],
    topology: topologyOf(plan),
    ablation: plan.ablation,
    requests: requestsIn(plan),
    slowClients: plan.cells.length === 0 ? plan.workload.slowClients : null,
    floor: request.floor,
    ...(request.against === undefined ? {} : { against: request.against }),
    analysis: null,
  };
}

function requestsIn({ workload }: Plan): AskedRequest[] | null {
  if (workload.requests === null) return null;
  return workload.requests.map(({ body, headers, ...request }) => ({
    ...request,
    headers: { ...headers },
    body: body === null ? null : { bytes: body.content.length, sha256: body.sha256, file: body.file },
  }));
}

function topologyOf({ topology, variants }: Plan): Topology {
  const intercepted = variants.some(({ form }) => 'options' in form && form.options.interception !== 'none');
  return {
    path: ['client', ...topology.roles, 'service'],
    clusters: Object.fromEntries(
      Object.entries(topology.clusters).map(([cluster, steps]) => [cluster, [...steps]]),
    ),
    nodes: topology.nodes,
    addresses: topology.addresses,
    roundTripMs: topology.nodes === 2 ? topology.roundTripMs : null,
    interception: intercepted ? 'by-variant' : 'none',
  };
}

function concluded(
  run: RunRecord,
  outcome: RunOutcome,
  cluster: Pick<Cluster, 'link' | 'isolation' | 'whyEnded'>,
  told: RunEnding['why'] | null,
): RunRecord {
  const interrupted = outcome.state === 'interrupted';
  const { rounds } = run.planned;
  const why = outcome.roundsDone < rounds ? (told ?? 'nothing left') : 'planned';
  return {
    ...run,
    ending: {
      rounds: outcome.roundsDone,
      replicas: outcome.replicasDone,
      why: interrupted ? 'interrupted' : why,
    },
    state: outcome.state,
    stateReason: interrupted
      ? `interrupted after ${outcome.roundsDone} of ${run.planned.rounds} rounds`
      : null,
    finishedAt: new Date().toISOString(),
    parity: [...outcome.parity],
    topology: run.topology == null ? null : { ...run.topology, link: linkIn(cluster.link()) },
    isolation: cluster.isolation,
    variants: run.variants.map((variant) => {
      const failure = outcome.failures.get(variant.id);
      if (failure === undefined) return variant;
      const why = cluster.whyEnded(variant.id);
      const reason = why === null || failure.includes(why) ? failure : `${failure} (${why})`;
      return { ...variant, status: 'failed', reason };
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

/** Does all of them, whatever becomes of one, and then throws what the first that failed threw. */
async function inTurn(steps: readonly (() => Promise<void> | void | undefined)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length > 0) throw faults[0];
}

function closeQuietly(writer: RunWriter | null): void {
  try {
    writer?.close();
  } catch {
    // Every append has been written; only the last sync was refused, and its fault has been reported.
  }
}
