/** The client's side of a variant as many pods: an Indexed Job, each of whose pods is what a client's pod otherwise is. */
import type { V1Job } from '@kubernetes/client-node';
import { ServerStartError } from '../servers.js';
import { patiently, statusOf } from './connection.js';
import { warningsOf } from './explain.js';
import { jobsOf, podsOfJob } from './jobs.js';
import { type PodIdentity, type PodSettings, podManifest } from './manifests.js';
import type { PodPlan } from './pod-plan.js';
import type { Made, PodGround } from './standing-pods.js';

/**
 * The Job of `agents` pods, all at once. A pod that ends is not made again: what took its place would have missed what it was to
 * do, and the others go on. They keep apart from each other and from what they load, as nodes allow.
 */
export function agentsManifest(
  plan: PodPlan,
  identity: PodIdentity,
  settings: PodSettings,
  agents: number,
): V1Job {
  const { metadata, spec } = podManifest(plan, identity, settings);
  const { labels = {}, annotations } = metadata ?? {};
  const apart = spec?.affinity?.podAntiAffinity;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: identity.name, namespace: identity.namespace, labels },
    spec: {
      completions: agents,
      parallelism: agents,
      completionMode: 'Indexed',
      // Of each pod's own failures; beyond any of them the whole Job would end, and the others with it.
      backoffLimitPerIndex: 0,
      template: {
        // A mesh may be asked for by either.
        metadata: { labels, ...(annotations === undefined ? {} : { annotations }) },
        spec: {
          ...spec,
          containers: spec?.containers ?? [],
          affinity: apart === undefined ? {} : { podAntiAffinity: apart },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
        },
      },
    },
  };
}

/**
 * Makes the Job and waits until it has made its pods. Returns their names in their order. Throws CLUSTER, and
 * ServerStartError when the cluster has no room for it.
 */
export async function createAgents(
  ground: PodGround,
  made: Made,
  plan: PodPlan,
  identity: Omit<PodIdentity, 'namespace' | 'variant' | 'secret'>,
  agents: number,
): Promise<string[]> {
  const { connection, settings, watch, startLimitMs, signal } = ground;
  const { namespace, variant, secret } = made.home;
  const { name } = identity;
  const body = agentsManifest(plan, { ...identity, namespace, variant, secret }, settings, agents);
  made.jobs.push(name);
  await patiently(connection, `create the job ${name} in ${namespace}`, async () => {
    try {
      await jobsOf(connection).createNamespacedJob({ namespace, body });
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
    }
  });
  const found = await watch.until(() => {
    if (signal.aborted) throw new ServerStartError('interrupted');
    const pods = podsOfJob(watch, namespace, name);
    return pods.length < agents ? null : pods;
  }, startLimitMs);
  if (found === null) {
    const seen = podsOfJob(watch, namespace, name).length;
    const said = await warningsOf(connection.core, namespace, name);
    const why = said.length === 0 ? 'nothing is told of why' : said.join(' | ');
    throw new ServerStartError(
      `job ${namespace}/${name} has made ${seen} of ${agents} pods in ${startLimitMs / 1000} s: ${why}`,
    );
  }
  const names = found.map(({ metadata }) => metadata?.name ?? '');
  made.pods.push(...names);
  return names;
}
