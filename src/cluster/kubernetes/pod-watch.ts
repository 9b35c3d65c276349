/** The pods of a run as the cluster sees them now, over lost connections and forgotten versions. */
import { type KubernetesListObject, makeInformer, type V1Pod } from '@kubernetes/client-node';
import type { EnvironmentFault } from '../../host/index.js';
import { type Connection, clusterFault, patiently } from './connection.js';

export interface PodWatch {
  /** The pod as it was last seen; null when there is none of that name. */
  get(namespace: string, name: string): V1Pod | null;
  list(): readonly V1Pod[];
  /** Waits until `found` gives something of what is seen; null when it gave nothing for `limitMs`. */
  until<Found>(found: () => Found | null, limitMs: number): Promise<Found | null>;
  /** Every pod that is seen for the first time or anew, and every one that is seen no more. */
  onSeen(listener: (pod: V1Pod, gone: boolean) => void): void;
  close(): void;
}

/** Pause before a watch that was lost is taken up again. */
const PAUSE_MS = 500;
/** However quiet the watch is, conditions are looked at again after this. */
const LOOK_AGAIN_MS = 1000;

/** Watches the pods of one namespace, or of all, that have the labels. The first list is whole when it returns. Throws CLUSTER. */
export async function watchPods(
  connection: Connection,
  namespace: string | null,
  labelSelector: string,
): Promise<PodWatch> {
  const { core, config, server } = connection;
  const path = namespace === null ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
  const list = (): Promise<KubernetesListObject<V1Pod>> =>
    namespace === null
      ? core.listPodForAllNamespaces({ labelSelector })
      : core.listNamespacedPod({ namespace, labelSelector });
  // Told here, since the watch itself would only try again.
  await patiently(connection, 'list the pods of the run', list);
  const informer = makeInformer<V1Pod>(config, path, list, labelSelector);
  const waiting = new Set<() => void>();
  const listeners = new Set<(pod: V1Pod, gone: boolean) => void>();
  let closed = false;
  const look = () => {
    for (const one of waiting) one();
  };
  const tell = (gone: boolean) => (pod: V1Pod) => {
    for (const listener of listeners) listener(pod, gone);
    look();
  };
  informer.on('add', tell(false));
  informer.on('update', tell(false));
  informer.on('delete', tell(true));
  let fault: EnvironmentFault | null = null;
  informer.on('error', (error: unknown) => {
    if (isForbidden(error)) {
      const said = `who asks cannot watch resource "pods" in ${namespace ?? 'the cluster'}`;
      fault = clusterFault(server, 'watch the pods of the run', new Error(said));
      look();
      return;
    }
    setTimeout(() => {
      if (!closed) void informer.start().catch(() => undefined);
    }, PAUSE_MS);
  });
  await informer.start();
  const get = (inNamespace: string, name: string) => informer.get(name, inNamespace) ?? null;
  return {
    get,
    list: () => informer.list(),
    until: (found, limitMs) =>
      new Promise((resolve, reject) => {
        const settle = (settling: () => void) => {
          waiting.delete(check);
          clearInterval(again);
          clearTimeout(limit);
          settling();
        };
        const check = () => {
          try {
            if (fault !== null) throw fault;
            const result = found();
            if (result !== null) settle(() => resolve(result));
          } catch (error) {
            settle(() => reject(error));
          }
        };
        const again = setInterval(check, LOOK_AGAIN_MS);
        const limit = setTimeout(() => settle(() => resolve(null)), limitMs);
        waiting.add(check);
        check();
      }),
    onSeen: (listener) => {
      listeners.add(listener);
    },
    close: () => {
      closed = true;
      void informer.stop();
    },
  };
}

/** The library's watch tells a refusal by its status alone. */
function isForbidden(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 403;
}
