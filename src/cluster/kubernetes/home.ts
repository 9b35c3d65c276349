/** Where a variant's pods live: a namespace of its own or one that the user names, with the secret that its pods share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, clusterFault, patiently, statusOf } from './connection.js';
import { namespaceManifest, quotaManifest, secretManifest } from './manifests.js';
import { labelsOf, namespaceOf, selectorOf } from './names.js';

export interface Home {
  readonly variant: string;
  readonly namespace: string;
  /** Whether the namespace is ours, and goes with the run. */
  readonly own: boolean;
  readonly secret: string;
}

/** How long a namespace may take to go with all that is in it. */
const GONE_LIMIT_MS = 90_000;
const LOOK_MS = 250;

/** Makes a variant's home; `place` is its number in the run. Throws CLUSTER. */
export async function makeHome(
  connection: Connection,
  run: string,
  variant: string,
  place: number,
  existing: string | null,
  secrets: Readonly<Record<string, string>>,
): Promise<Home> {
  const { core } = connection;
  const namespace = existing ?? namespaceOf(run, variant, place);
  const home = { variant, namespace, own: existing === null, secret: `meshmark-${run}-${place}` };
  if (home.own) {
    await make(connection, `create the namespace ${namespace}`, () =>
      core.createNamespace({ body: namespaceManifest(run, variant, namespace) }),
    );
    await make(connection, `set a quota in ${namespace}`, () =>
      core.createNamespacedResourceQuota({ namespace, body: quotaManifest(run, variant) }),
    );
  }
  await make(connection, `create a secret in ${namespace}`, () =>
    core.createNamespacedSecret({ namespace, body: secretManifest(run, variant, home.secret, secrets) }),
  );
  return home;
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

/** Removes homes with all that is in them, and waits until they are gone. Throws CLUSTER when something stays. */
export async function removeHomes(
  connection: Connection,
  run: string,
  homes: readonly Home[],
): Promise<void> {
  await Promise.all(homes.map((home) => removeHome(connection, run, home)));
}

async function removeHome(connection: Connection, run: string, home: Home): Promise<void> {
  const { core } = connection;
  const { namespace } = home;
  if (!home.own) {
    const labelSelector = selectorOf(labelsOf(run, home.variant));
    await patiently(connection, `remove the pods of ${home.variant}`, () =>
      core.deleteCollectionNamespacedPod({ namespace, labelSelector, gracePeriodSeconds: 0 }),
    );
    await gone(connection, `remove the secret ${home.secret}`, () =>
      core.deleteNamespacedSecret({ namespace, name: home.secret }),
    );
    return;
  }
  await removeNamespace(connection, namespace);
}

/** Removes a namespace and waits until it is gone. Throws CLUSTER with what holds it when it stays. */
export async function removeNamespace(connection: Connection, namespace: string): Promise<void> {
  const { core, server } = connection;
  await gone(connection, `remove the namespace ${namespace}`, () =>
    core.deleteNamespace({ name: namespace }),
  );
  const deadline = Date.now() + GONE_LIMIT_MS;
  for (;;) {
    let left: Awaited<ReturnType<typeof core.readNamespace>>;
    try {
      left = await core.readNamespace({ name: namespace });
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (Date.now() > deadline) throw clusterFault(server, `see the namespace ${namespace} go`, error);
      await sleep(LOOK_MS);
      continue;
    }
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
