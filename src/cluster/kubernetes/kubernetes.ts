/** The provider `kubernetes`: every variant as pods, in a namespace of its own, on any cluster that a kubeconfig leads to. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { VersionApi } from '@kubernetes/client-node';
import { EnvironmentFault, type OpenLineChannel, type PodAgent } from '../../host/index.js';
import type { Isolation } from '../../record/index.js';
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';
import { createAuthority } from '../certificates.js';
import type { Cluster, Deployment, DeployOutcome, DeploySpec } from '../cluster.js';
import { dataPlaneRoles } from '../data-plane-roles.js';
import { ServerStartError } from '../servers.js';
import { type ConnectionOptions, connectTo, patiently } from './connection.js';
import { generatorAt } from './generator-channel.js';
import { homesOf } from './homes.js';
import { missingPrograms } from './image-contents.js';
import { lackingAmong, type Permission } from './lacking.js';
import type { PodSettings } from './manifests.js';
import { MANAGED_BY, RUN_LABEL, selectorOf } from './names.js';
import { type Offer, offeredQuickAssist } from './node-resources.js';
import { nodeBefore, notApart } from './placement.js';
import { troubleOf } from './pod-state.js';
import { watchPods } from './pod-watch.js';
import { type Stage, standUpPods } from './stand-up.js';
import { type Made, type PodGround, removePods, type StandingPod } from './standing-pods.js';
import { secretsOf } from './variant-secrets.js';

export interface KubernetesOptions extends ConnectionOptions, PodSettings {
  /** A namespace that is there already, for all variants; null for one of each variant's own. */
  readonly namespace: string | null;
  /** How long a pod may take to start. */
  readonly startLimitMs: number;
  /** Folder for certificates; what is written there is removed at the end. */
  readonly directory: string;
  /** How long the run may take, all in all. */
  readonly longestMs: number;
  readonly policyLatencyMs: number;
  /** How many pods make each variant's load together. */
  readonly agents: number;
  readonly signal: AbortSignal;
}

/** A load generator that is where a variant's client is. */
export interface PodGenerator {
  readonly pod: string;
  readonly node: string;
  /** What reads the clocks of the pod's processes. */
  readonly own: PodAgent;
  readonly open: OpenLineChannel;
}

export interface KubernetesCluster extends Cluster {
  readonly context: string;
  readonly serverVersion: string;
  readonly image: string;
  /** Marks everything of this run in the cluster. */
  readonly run: string;
  /** Where everything ran that ever stood, in the order in which it did. */
  placement(): readonly StandingPod[];
  /** The load generators of the variant's clients, as many as were asked for. Throws CLUSTER where none stands. */
  generatorsOf(variant: string): readonly PodGenerator[];
  /** Why each variant that cannot stand there cannot, by id, as far as it can be known before one does. Throws CLUSTER. */
  lackingAmong(
    variants: readonly VariantSpec[],
    protocol: WorkloadProtocol,
    privileged: Permission,
  ): Promise<ReadonlyMap<string, string>>;
}

/** Containers that ride beside a pod's own came to be on by default: Kubernetes 1.29 (KEP-753). */
const NATIVE_SIDECARS_MINOR = 29;
const TEARDOWN_LIMIT_MS = 30_000;

/** Connects, and sees what the cluster is. Nothing is made until the first deploy. Throws CLUSTER. */
export async function createKubernetesCluster(options: KubernetesOptions): Promise<KubernetesCluster> {
  const connection = connectTo(options);
  const version = await patiently(
    connection,
    'ask the cluster for its version',
    () => connection.config.makeApiClient(VersionApi).getCode(),
    10_000,
  );
  if (options.agents > 1 && !hasNativeSidecars(version)) {
    throw new EnvironmentFault(
      'CLUSTER',
      `\`load.agents\` needs Kubernetes 1.29 or later, whose jobs leave the others alone when one pod fails; this is ${version.gitVersion}`,
    );
  }
  const run = randomBytes(4).toString('hex');
  const watch = await watchPods(
    connection,
    options.namespace,
    selectorOf({ ...MANAGED_BY, [RUN_LABEL]: run }),
  );
  const authority = createAuthority(resolve(options.directory, 'certificates'), options.longestMs);
  const token = randomBytes(24).toString('base64url');
  const standing = new Map<Deployment, Made>();
  const pods = new Map<string, readonly StandingPod[]>();
  const everStood: StandingPod[] = [];
  const ends = new Map<string, string>();
  const troubles = new Map<string, string>();
  const machines: string[] = [];
  const torn = new Set<string>();
  const until = new Date(Date.now() + options.longestMs);
  const homes = homesOf(connection, run, options.namespace, until, options.agents, (variant) =>
    secretsOf(variant, authority, token),
  );
  let podNumber = 0;
  let generation = 0;
  let offer: Promise<Offer> | null = null;
  const longestSeconds = Math.ceil(options.longestMs / 1000);
  const everyNamespace = options.namespace === null;

  const ground: PodGround = {
    connection,
    watch,
    settings: options,
    startLimitMs: options.startLimitMs,
    until,
    token,
    signal: options.signal,
    nextNumber: () => {
      podNumber += 1;
      return podNumber;
    },
    machineOf: (bootId, node) => {
      const name = bootId ?? node;
      if (!machines.includes(name)) machines.push(name);
      return machines.indexOf(name);
    },
  };

  watch.onSeen((pod, gone) => {
    const name = pod.metadata?.name ?? '';
    if (torn.has(name)) return;
    const trouble = troubleOf(pod) ?? (gone ? 'its pod was deleted by somebody' : null);
    if (trouble === null) return;
    if (!troubles.has(name)) troubles.set(name, trouble);
    for (const [variant, own] of pods) {
      if (own.some((one) => one.name === name) && !ends.has(variant))
        ends.set(variant, `pod ${name}: ${trouble}`);
    }
  });

  const quickAssist = (): Promise<Offer> => {
    offer ??= offeredQuickAssist(connection);
    return offer;
  };

  /** The resource of the variant's accelerator; null where it has none. */
  const deviceOf = async ({ needs }: VariantSpec): Promise<string | null> => {
    if (!needs.includes('quickassist')) return null;
    const found = await quickAssist();
    if ('reason' in found) throw new ServerStartError(found.reason);
    return found.resource;
  };

  const stage: Stage = {
    ground,
    run,
    longestSeconds,
    nativeSidecars: hasNativeSidecars(version),
    everyNamespace,
    policyLatencyMs: options.policyLatencyMs,
    agents: options.agents,
    nodeBefore: (side) => nodeBefore(everStood, side),
    onSeen: (variant, stood) => {
      pods.set(variant, stood);
      everStood.push(...stood);
    },
    whyEnded: (variant) => ends.get(variant) ?? null,
  };

  const deployOne = async (variant: VariantSpec, spec: DeploySpec): Promise<DeployOutcome> => {
    ends.delete(variant.id);
    const made: Made = {
      home: await homes.of(variant),
      ...{ pods: [], secrets: [], services: [], jobs: [], ports: [], removed: false },
    };
    try {
      const prefix = `mm-${run}-${homes.placeOf(variant)}-g${generation}`;
      const device = await deviceOf(variant);
      const deployment = await standUpPods(stage, variant, spec, made, prefix, device);
      standing.set(deployment, made);
      return { state: 'standing', deployment };
    } catch (error) {
      for (const name of made.pods) torn.add(name);
      await removePods(ground, made, TEARDOWN_LIMIT_MS);
      if (!(error instanceof ServerStartError)) throw error;
      return { state: 'failed', variant: variant.id, reason: error.message };
    }
  };

  const remove = async (made: Made): Promise<void> => {
    for (const name of made.pods) torn.add(name);
    await removePods(ground, made, TEARDOWN_LIMIT_MS);
  };

  return {
    context: connection.context,
    serverVersion: version.gitVersion,
    image: options.image,
    run,
    placement: () => everStood,
    lackingAmong: (variants, protocol, privileged) =>
      lackingAmong(variants, protocol, privileged, {
        offered: quickAssist,
        missing: async (programs, first) => {
          const name = `mm-${run}-image`;
          torn.add(name);
          const identity = { run, name, longestSeconds, everyNamespace };
          return await missingPrograms(ground, await homes.of(first), identity, programs);
        },
      }),
    get isolation(): Isolation {
      return {
        generatorCores: [],
        dataPlaneCores: [],
        cgroups: 'one per container (the kubelet’s)',
        keptAwake: [],
        notIsolated: notApart(everStood),
      };
    },
    clientCgroup: null,
    link: () => null,
    keepers: () => [],
    dataPlaneRoles,
    whyEnded: stage.whyEnded,
    generatorsOf: (variant) => {
      const clients = pods.get(variant)?.filter(({ side }) => side === 'client') ?? [];
      if (clients.length === 0) throw new EnvironmentFault('CLUSTER', `no client of ${variant} stands`);
      return clients.map(({ name, node, agent, generator }): PodGenerator => {
        if (generator === null) throw new EnvironmentFault('CLUSTER', `${name} has no generator`);
        const open: OpenLineChannel = (onLine) =>
          generatorAt(generator, onLine, () => podTrouble(troubles, name));
        return { pod: name, node, own: agent, open };
      });
    },
    deploy: async (spec) => {
      generation += 1;
      // Places are given before anything is waited for, so that they follow the scenario's order.
      const settled = await Promise.allSettled(spec.variants.map((variant) => deployOne(variant, spec)));
      // Only once nothing is being made any more: what ends the run has everything removed that there is.
      return settled.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
    },
    teardown: async (deployments) => {
      await Promise.all(
        deployments.map(async (deployment) => {
          const made = standing.get(deployment);
          standing.delete(deployment);
          if (made !== undefined) await remove(made);
        }),
      );
    },
    close: async () => {
      const remaining = [...standing.values()];
      standing.clear();
      for (const made of remaining) {
        for (const name of made.pods) torn.add(name);
        await Promise.all(made.ports.splice(0).map((port) => port.close()));
      }
      try {
        await homes.remove();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new EnvironmentFault(
          'CLUSTER',
          `${why}; when the cluster can, \`meshmark clean --cluster --run ${run}\` removes what is left`,
        );
      } finally {
        watch.close();
        authority.remove();
      }
    },
  };
}

function podTrouble(troubles: ReadonlyMap<string, string>, pod: string): string | null {
  const trouble = troubles.get(pod);
  return trouble === undefined ? null : `pod ${pod}: ${trouble}`;
}

function hasNativeSidecars({ major, minor }: { readonly major: string; readonly minor: string }): boolean {
  return Number(major) > 1 || Number.parseInt(minor, 10) >= NATIVE_SIDECARS_MINOR;
}
