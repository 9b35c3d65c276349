/** What a run stands on: the provider that its plan names, the generator there, and which variants can stand. */
import {
  type Cluster,
  createKubernetesCluster,
  createLocalCluster,
  type KubernetesCluster,
  type Permission,
  type PodGenerator,
} from '../cluster/index.js';
import { lackingAny, type ProcessHost, systemClock } from '../host/index.js';
import {
  distributedEngine,
  type LoadgenEngine,
  openLoadgen,
  podEngine,
  spreadEngine,
  startLoadgen,
} from '../load/index.js';
import type { Plan } from '../plan/index.js';
import { readMachine } from '../probes/index.js';
import type { RunRecord } from '../record/index.js';
import { clusterFindings } from './cluster-findings.js';
import { DEFAULT_IMAGE } from './default-image.js';
import { withProgramsChosen } from './foreign-programs.js';

export interface Ground {
  /** The plan as it can be carried out there. */
  readonly plan: Plan;
  readonly cluster: Cluster;
  /** Why each variant that cannot stand there cannot, by id. */
  readonly unavailable: ReadonlyMap<string, string>;
  /** Where that is, in words. */
  readonly where: string;
  startEngine(): Promise<LoadgenEngine>;
  /** What the record is to say of where it ran, once it has. */
  findings(): Partial<RunRecord>;
}

interface Asked {
  readonly plan: Plan;
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Whether whoever runs it lets pods reach into their nodes' kernels. */
  readonly allowPrivileged?: boolean;
}

/** Certificates and pods outlive the run's budget by this, for the time it takes to stand up and to tear down. */
export const SLACK_MS = 10 * 60_000;

/** Prepares the ground; whoever gets it closes its cluster. Throws EnvironmentFault. */
export async function groundOf(asked: Asked, host: ProcessHost): Promise<Ground> {
  const { cluster } = asked.plan;
  return cluster.provider === 'kubernetes'
    ? await kubernetesGround(asked, cluster, host)
    : localGround(asked, cluster.keepAwake, host);
}

function localGround(
  { plan: asked, directory }: Asked,
  keepAwake: 'auto' | 'always' | 'never',
  host: ProcessHost,
): Ground {
  const plan = { ...asked, variants: withProgramsChosen(asked.variants) };
  const unavailable = unavailableOf(plan, ({ needs }) => lackingAny(needs));
  const available = plan.variants.filter(({ id }) => !unavailable.has(id));
  const cluster = createLocalCluster(host, {
    keepAwake: keepAwake === 'always' || (keepAwake === 'auto' && readMachine(null, {}).virtualised !== null),
    directory,
    longestMs: plan.schedule.budgetMs + SLACK_MS,
    nodes: plan.topology.nodes,
    roundTripMs: plan.topology.roundTripMs,
    policyLatencyMs: plan.policy.latencyMs,
    addresses: plan.topology.addresses,
    kernelHooks: available.some(({ needs }) => needs.some((need) => need.startsWith('kernel:'))),
  });
  return {
    plan,
    cluster,
    unavailable,
    where: 'on this machine',
    startEngine: () => startLoadgen(host, cluster.isolation.generatorCores, cluster.clientCgroup),
    findings: () => ({}),
  };
}

async function kubernetesGround(
  { plan: asked, directory, signal, allowPrivileged = false }: Asked,
  settings: Extract<Plan['cluster'], { provider: 'kubernetes' }>,
  host: ProcessHost,
): Promise<Ground> {
  // Pods have no second driver; that none took part is said in the record.
  const plan = { ...asked, schedule: { ...asked.schedule, crossCheck: null } };
  const permission = { scenario: settings.allowPrivileged, command: allowPrivileged };
  const cluster = await createKubernetesCluster({
    ...settings,
    image: settings.image ?? DEFAULT_IMAGE,
    directory,
    longestMs: plan.schedule.budgetMs + SLACK_MS,
    policyLatencyMs: plan.policy.latencyMs,
    agents: plan.load.agents ?? 1,
    signal,
  });
  return {
    plan,
    cluster,
    unavailable: await lackingOrClose(cluster, plan, permission),
    where: `on the cluster of the context ${cluster.context}`,
    startEngine: async () => {
      const ready = await readyOf(host);
      return spreadEngine(ready, (variant) => openGenerators(cluster.generatorsOf(variant)));
    },
    findings: () => clusterFindings(cluster, asked.schedule.crossCheck !== null, plan.load.agents ?? 1),
  };
}

/** The generator of a variant's client, or all of them as one. One is ready when it says so, which one whose pod is dying never does. */
async function openGenerators(generators: readonly PodGenerator[]): Promise<LoadgenEngine> {
  const settled = await Promise.allSettled(
    generators.map(async ({ open, ...place }) => ({ ...place, engine: podEngine(await openLoadgen(open)) })),
  );
  const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(opened.map(({ engine }) => engine.close()));
    throw failed.reason;
  }
  const [only] = opened;
  return opened.length === 1 && only !== undefined
    ? only.engine
    : distributedEngine(opened, systemClock.nowMicros);
}

/** What cannot be known of a cluster is a fault, and then nobody but this is left to close it. */
async function lackingOrClose(
  cluster: KubernetesCluster,
  { variants, workload }: Plan,
  permission: Permission,
): Promise<ReadonlyMap<string, string>> {
  try {
    return await cluster.lackingAmong(variants, workload.protocol, permission);
  } catch (fault) {
    await cluster.close();
    throw fault;
  }
}

/** What generators say when they are ready: the image's are of the same sources as ours. */
async function readyOf(host: ProcessHost): Promise<LoadgenEngine['ready']> {
  const own = await startLoadgen(host, []);
  const { ready } = own;
  await own.close();
  return ready;
}

function unavailableOf(
  { variants }: Plan,
  lacking: (variant: Plan['variants'][number]) => string | null,
): ReadonlyMap<string, string> {
  return new Map(
    variants.flatMap((variant) => {
      const reason = lacking(variant);
      return reason === null ? [] : [[variant.id, reason] as const];
    }),
  );
}
