/** What runs that crashed have left in a cluster; only ever objects that carry our label. */
import { type Connection, type ConnectionOptions, connectTo, patiently } from './connection.js';
import { removeNamespace, removeObjects } from './home.js';
import { MANAGED_BY, RUN_LABEL, selectorOf, UNTIL } from './names.js';

export interface Remain {
  readonly run: string;
  readonly namespace: string;
  /** Whether the namespace is the run's own, and goes with it. */
  readonly own: boolean;
  /** When the run must have ended; null where that is not told. */
  readonly until: Date | null;
}

export interface Remains {
  readonly found: readonly Remain[];
  /** Removes one and waits until it is gone. Throws CLUSTER. */
  remove(remain: Remain): Promise<void>;
}

/** Looks for objects of ours, in `namespace` or, where that is null, for namespaces. Throws CLUSTER. */
export async function findRemains(options: ConnectionOptions, namespace: string | null): Promise<Remains> {
  const connection = connectTo(options);
  const labelSelector = selectorOf(MANAGED_BY);
  const found =
    namespace === null
      ? await namespacesOfRuns(connection, labelSelector)
      : await objectsOfRuns(connection, namespace, labelSelector);
  return {
    found,
    remove: (remain) =>
      remain.own
        ? removeNamespace(connection, remain.namespace)
        : removeObjects(connection, remain.namespace, selectorOf({ ...MANAGED_BY, [RUN_LABEL]: remain.run })),
  };
}

async function namespacesOfRuns(connection: Connection, labelSelector: string): Promise<Remain[]> {
  const { items } = await patiently(
    connection,
    'list the namespaces of runs',
    () => connection.core.listNamespace({ labelSelector }),
    10_000,
  );
  return items.map(({ metadata }) => ({
    run: metadata?.labels?.[RUN_LABEL] ?? '',
    namespace: metadata?.name ?? '',
    own: true,
    until: dateIn(metadata?.annotations?.[UNTIL]),
  }));
}

async function objectsOfRuns(
  connection: Connection,
  namespace: string,
  labelSelector: string,
): Promise<Remain[]> {
  const { items } = await patiently(
    connection,
    `list the secrets of runs in ${namespace}`,
    () => connection.core.listNamespacedSecret({ namespace, labelSelector }),
    10_000,
  );
  const runs = new Map<string, Remain>();
  for (const { metadata } of items) {
    const run = metadata?.labels?.[RUN_LABEL] ?? '';
    runs.set(run, { run, namespace, own: false, until: dateIn(metadata?.annotations?.[UNTIL]) });
  }
  return [...runs.values()];
}

function dateIn(text: string | undefined): Date | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : new Date(time);
}
