/** Containers that start and end before they have served: their status, and what they said, come to be known a moment later. */
import { ServerStartError } from '../servers.js';
import { evidenceOf } from './explain.js';
import { troubleOf } from './pod-state.js';
import type { PodGround } from './standing-pods.js';

/** Nodes tell of a container's end within a second or two. */
const LATE_MS = 3000;

/** Why a variant that started does not answer: what the status of one of its pods comes to say, with its last lines; else `fault`. */
export async function withLateEnd(
  { connection, watch }: Pick<PodGround, 'connection' | 'watch'>,
  namespace: string,
  names: Iterable<string>,
  fault: ServerStartError,
): Promise<ServerStartError> {
  const own = [...names];
  const ended = await watch.until(() => {
    for (const name of own) {
      const pod = watch.get(namespace, name);
      const trouble = pod === null ? null : troubleOf(pod);
      if (pod !== null && trouble !== null) return { pod, name, trouble };
    }
    return null;
  }, LATE_MS);
  if (ended === null) return fault;
  const { pod, name, trouble } = ended;
  const evidence = await evidenceOf(connection, pod, trouble);
  return new ServerStartError(`pod ${namespace}/${name}: ${trouble}${evidence}`);
}
