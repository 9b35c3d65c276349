/** Where a variant's pods live: a namespace of its own or one that the user names, with the secret that its pods share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Secret } from '@kubernetes/client-node';
import type { VariantSpec } from '../../variants/index.js';
import { type Connection, clusterFault, patiently, statusOf } from './connection.js';
import { removeJobs } from './jobs.js';
import { reachesIntoKernel } from './kernel-pod.js';
import { type NamespaceWords, namespaceManifest, quotaManifest, secretManifest } from './manifests.js';
import { labelsOf, namespaceOf, selectorOf } from './names.js';

export interface Home {
  readonly variant: string;
  readonly namespace: string;
  /** Whether the namespace is ours, and goes with the run. */
  readonly own: boolean;
  /** Whether its pods reach into their node's kernel. */
  readonly inKernel: boolean;
  /** What its namespace says to others. */
  readonly asks: NamespaceWords;
  readonly secret: string;
}

/** How long a namespace may take to go with all that is in it. */
const GONE_LIMIT_MS = 45_000;
const LOOK_MS = 250;

/** Where a variant lives that is the run's `place`-th. Nothing is made yet. */
export function homeFor(
  run: string,
  { id: variant, needs, form }: Pick<VariantSpec, 'id' | 'needs' | 'form'>,
  place: number,
  existing: string | null,
): Home {
  return {
    variant,
    inKernel: reachesIntoKernel({ needs }),
    asks:
      form.type === 'injected'
        ? { labels: form.settings.namespaceLabels, annotations: form.settings.namespaceAnnotations }
        : { labels: {}, annotations: {} },
    namespace: existing ?? namespaceOf(run, variant, place),
    own: existing === null,
    secret: `meshmark-${run}-${place}`,
  };
}

/** Makes a home with the secrets of its pods, `agents` of which make the load. Throws CLUSTER, and part of it may then have been made. */
export async function makeHome(
  connection: Connection,
  run: string,
  { variant, namespace, own, inKernel, asks, secret }: Home,
  secrets: Readonly<Record<string, string>>,
  until: Date,
  agents: number,
): Promise<void> {
  const { core } = connection;
  if (own) {
    await make(connection, `create the namespace ${namespace}`, () =>
      core.createNamespace({ body: namespaceManifest(run, variant, namespace, until, inKernel, asks) }),
    );
    await make(connection, `set a quota in ${namespace}`, () =>
      core.createNamespacedResourceQuota({ namespace, body: quotaManifest(run, variant, agents) }),
    );
  }
  await makeSecret(connection, { namespace, body: secretManifest(run, variant, secret, secrets, until) });
}

/** Makes a secret in a namespace that is there. Throws CLUSTER. */
export async function makeSecret(
  connection: Connection,
  secret: { readonly namespace: string; readonly body: V1Secret },
): Promise<void> {
  await make(connection, `create a secret in ${secret.namespace}`, () =>
    connection.core.createNamespacedSecret(secret),
  );
}

/** What was made and not heard of, since the connection broke, is there when it is asked for again. */
async function make(connection: Connection, doing: string, call: () => Promise<unknown>): Promise<void> {
  await patiently(connection, doing, async () => {
    try {
      await call();
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
    }
  });
}

/**
 * Removes homes with all that is in them, made or not, and waits until they are gone. Throws CLUSTER when something stays,
 * once everything else has gone.
 */
export async function removeHomes(
  connection: Connection,
  run: string,
  homes: readonly Home[],
): Promise<void> {
  const settled = await Promise.allSettled(homes.map((home) => removeHome(connection, run, home)));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
}

async function removeHome(connection: Connection, run: string, home: Home): Promise<void> {
  if (home.own) await removeNamespace(connection, home.namespace);
  else await removeObjects(connection, home.namespace, selectorOf(labelsOf(run, home.variant)));
}

/** Removes jobs, pods, services and secrets with these labels from a namespace of the user's, and waits until they are gone. Throws CLUSTER. */
export async function removeObjects(
  connection: Connection,
  namespace: string,
  labelSelector: string,
): Promise<void> {
  const { core, server } = connection;
  await removeJobs(connection, namespace, labelSelector);
  const pods = () =>
    patiently(connection, `list pods in ${namespace}`, () =>
      core.listNamespacedPod({ namespace, labelSelector }),
    );
  const deadline = Date.now() + GONE_LIMIT_MS;
  for (let left = (await pods()).items; left.length > 0; left = (await pods()).items) {
    if (Date.now() > deadline) {
      const names = left.map(({ metadata }) => metadata?.name ?? '').join(', ');
      throw clusterFault(server, `remove pods from ${namespace}`, new Error(`${names} are still there`));
    }
    for (const { metadata } of left) {
      if (metadata?.name === undefined || metadata.deletionTimestamp !== undefined) continue;
      const { name } = metadata;
      await gone(connection, `remove the pod ${name} from ${namespace}`, () =>
        core.deleteNamespacedPod({ namespace, name }),
      );
    }
    await sleep(LOOK_MS);
  }
  const services = await patiently(connection, `list services in ${namespace}`, () =>
    core.listNamespacedService({ namespace, labelSelector }),
  );
  for (const { metadata } of services.items) {
    const name = metadata?.name ?? '';
    await gone(connection, `remove the service ${name} from ${namespace}`, () =>
      core.deleteNamespacedService({ namespace, name }),
    );
  }
  const secrets = await patiently(connection, `list secrets in ${namespace}`, () =>
    core.listNamespacedSecret({ namespace, labelSelector }),
  );
  for (const { metadata } of secrets.items) await removeSecret(connection, namespace, metadata?.name ?? '');
}

/** Removes a secret, which may be gone already. Throws CLUSTER. */
export async function removeSecret(connection: Connection, namespace: string, name: string): Promise<void> {
  await gone(connection, `remove a secret from ${namespace}`, () =>
    connection.core.deleteNamespacedSecret({ namespace, name }),
  );
}

/** Removes a namespace and waits until it is gone. Throws CLUSTER with what holds it when it stays. */
export async function removeNamespace(connection: Connection, namespace: string): Promise<void> {
  const { core, server } = connection;
  await gone(connection, `remove the namespace ${namespace}`, () =>
    core.deleteNamespace({ name: namespace }),
  );
  const deadline = Date.now() + GONE_LIMIT_MS;
  for (;;) {
    const left = await patiently(connection, `see the namespace ${namespace} go`, async () => {
      try {
        return await core.readNamespace({ name: namespace });
      } catch (error) {
        if (statusOf(error) === 404) return null;
        throw error;
      }
    });
    if (left === null) return;
    if (Date.now() > deadline) {
      const held = (left.status?.conditions ?? [])
        .filter(({ status }) => status === 'True')
        .map(({ message, type }) => message ?? type);
      throw clusterFault(
        server,
        `remove the namespace ${namespace}`,
        new Error(
          `it is still there after ${GONE_LIMIT_MS / 1000} s: ${held.join('; ') || 'no reason is told'}`,
        ),
      );
    }
    await sleep(LOOK_MS);
  }
}

/** Deletes what may be gone already. */
async function gone(connection: Connection, doing: string, call: () => Promise<unknown>): Promise<void> {
  await patiently(connection, doing, async () => {
    try {
      await call();
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  });
}
