/** What keeps the parts of a run apart in a cluster, and what does not: read off where everything ran. */
import type { Side } from './names.js';
import type { StandingPod } from './standing-pods.js';

/** One sentence for each way in which what is compared, or what measures it, was not apart. */
export function notApart(pods: readonly StandingPod[]): string[] {
  if (pods.length === 0) return [];
  const nodesOf = (sides: readonly string[]) => [
    ...new Set(pods.filter(({ side }) => sides.includes(side)).map(({ node }) => node)),
  ];
  const clients = nodesOf(['client']);
  const others = nodesOf(['service', 'middle']);
  const shared = clients.filter((node) => others.includes(node));
  const machines = new Set(pods.map(({ about, node }) => about.bootId ?? node));
  const images = new Set(pods.flatMap(({ ownImageIds }) => ownImageIds));
  const nodes = new Set(pods.map(({ node }) => node));
  return [
    'no process has cores of its own: each node’s scheduler places them all',
    ...(shared.length === 0 ? [] : [`clients and services share a node: ${shared.join(', ')}`]),
    ...(clients.length > 1 && !isLikeForAll(pods)
      ? [`clients ran on different nodes (${clients.join(', ')}), which is in every comparison`]
      : []),
    ...(others.length > 1
      ? [`services ran on different nodes (${others.join(', ')}), which is in every comparison`]
      : []),
    ...(images.size > 1
      ? [
          `nodes made containers from ${images.size} different images of the same name, which is in every comparison`,
        ]
      : []),
    ...(machines.size < nodes.size
      ? [`the ${nodes.size} nodes are ${machines.size === 1 ? 'one machine' : `${machines.size} machines`}`]
      : []),
  ];
}

/** Whether every variant's clients were on the same nodes, as often, as those of variants are that are loaded from many. */
function isLikeForAll(pods: readonly StandingPod[]): boolean {
  const byVariant = new Map<string, string[]>();
  for (const { variant, side, node } of pods) {
    if (side === 'client') byVariant.set(variant, [...(byVariant.get(variant) ?? []), node].sort());
  }
  return byVariant.size > 1 && new Set([...byVariant.values()].map((nodes) => nodes.join())).size === 1;
}

/** Where the first pod of the side was, with all that are not clients as one side; null before there was one. */
export function nodeBefore(everStood: readonly StandingPod[], side: Side): string | null {
  const isClient = side === 'client';
  return everStood.find((pod) => (pod.side === 'client') === isClient)?.node ?? null;
}
