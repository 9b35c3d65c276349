/** What the nodes of a cluster offer beside CPU and memory: accelerators, as their device plugins name them. */
import { kubernetesResource } from '../../host/index.js';
import { type Connection, messageOf, patiently, statusOf } from './connection.js';

export type Offer = { readonly resource: string } | { readonly reason: string };

/** The part of a node that says what it offers. */
interface OfferingNode {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

const RESOURCES = 'qat.intel.com/…';
const MOST_NAMED = 3;

/** The resource by which a pod is given a QuickAssist device that does private keys, or why there is none. Throws CLUSTER. */
export async function offeredQuickAssist(connection: Connection): Promise<Offer> {
  const listed = await patiently(connection, 'list the nodes', async () => {
    try {
      return await connection.core.listNode();
    } catch (error) {
      if (statusOf(error) === 403) return { refused: messageOf(error) };
      throw error;
    }
  });
  if ('refused' in listed) {
    return {
      reason: `needs a node that offers ${RESOURCES}, and which do cannot be seen: ${listed.refused}; the ClusterRole in infra/kubernetes may`,
    };
  }
  return quickAssistAmong(listed.items);
}

/** The first resource that a node which takes pods offers for private keys; else what each such node has in its place. */
export function quickAssistAmong(nodes: readonly OfferingNode[]): Offer {
  const lacking = new Map<string, string[]>();
  for (const { metadata, spec, status } of nodes) {
    const name = metadata?.name ?? '';
    const found =
      spec?.unschedulable === true
        ? { reason: 'the node takes no pods' }
        : kubernetesResource(status?.allocatable ?? {});
    if ('resource' in found) return { resource: found.resource };
    lacking.set(found.reason, [...(lacking.get(found.reason) ?? []), name]);
  }
  const why = [...lacking].map(([reason, names]) => `${namesOf(names)}: ${reason}`).join('; ');
  return { reason: `no node offers ${RESOURCES} for private keys (${why || 'there are none'})` };
}

function namesOf(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).join(', ');
  return names.length > MOST_NAMED ? `${named} and ${names.length - MOST_NAMED} more` : named;
}
