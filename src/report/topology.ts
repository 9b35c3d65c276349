/** Where the servers of a run stood, in words: short for a line of facts, whole for the section on duties. */
import type { ClusterRecord, RunRecord, Topology } from '../record/index.js';
import { quantity } from './format.js';

/** What a record without a topology was measured on: no other place existed when it was written. */
const ONE_MACHINE = 'one machine, no interception';

/** Facts for a line of them, each short: "two nodes", "10 ms round trip between clusters", "no interception". */
export function placeFacts({ topology, cluster }: RunRecord): readonly string[] {
  if (cluster !== undefined) return [`Kubernetes ${cluster.version}`, nodesIn(cluster)];
  if (topology === null || topology === undefined) return [ONE_MACHINE];
  const how = topology.interception === 'none' ? 'no interception' : 'interception as each variant has it';
  const place = topology.nodes === 1 ? [`one machine, ${how}`] : ['two nodes', how];
  const { roundTripMs } = topology;
  if (roundTripMs === null) return place;
  return [...place, `${quantity(roundTripMs, 'ms')} round trip ${between(topology)}`];
}

/** The same as a label and a sentence each, with the path and the clusters spelt out. */
export function placeDetails(
  topology: Topology,
  cluster: ClusterRecord | undefined,
): readonly (readonly [label: string, text: string])[] {
  const clusters = Object.entries(topology.clusters);
  const { roundTripMs } = topology;
  return [
    ['Path', topology.path.join(' → ')],
    [
      'Clusters',
      clusters.length === 0
        ? 'none: nothing leaves its cluster'
        : clusters.map(([cluster, roles]) => `${cluster}: ${roles.join(', ')}`).join('; '),
    ],
    ...(cluster === undefined
      ? ([
          ['Addresses', topology.addresses === 'ipv6' ? 'IPv6' : 'IPv4'],
          ['Nodes', topology.nodes === 1 ? 'one: all of it shares a machine' : 'two'],
        ] as const)
      : ([['Nodes', nodesIn(cluster)]] as const)),
    [
      'Added delay',
      cluster !== undefined
        ? 'none: as fast as the cluster’s own network is'
        : roundTripMs === null
          ? 'none: as fast as loopback is'
          : `${quantity(roundTripMs, 'ms')} there and back, ${between(topology)}`,
    ],
    [
      'Interception',
      topology.interception === 'none'
        ? 'none: the client addresses the first server of the path itself'
        : 'as the options of each variant say; where they say none, the client addresses the first server of the path itself',
    ],
  ];
}

/** "2 nodes", or "2 nodes on one machine" where they share a kernel. */
function nodesIn({ nodes }: ClusterRecord): string {
  const machines = new Set(nodes.map(({ bootId, name }) => bootId ?? name)).size;
  const told = `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`;
  if (machines === nodes.length) return told;
  return `${told} on ${machines === 1 ? 'one machine' : `${machines} machines`}`;
}

function between(topology: Topology): string {
  return Object.keys(topology.clusters).length > 1 ? 'between clusters' : 'between nodes';
}
