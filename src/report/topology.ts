/** Where the servers of a run stood, in words: short for a line of facts, whole for the section on duties. */
import type { RunRecord, Topology } from '../record/index.js';
import { quantity } from './format.js';

/** What a record without a topology was measured on: no other place existed when it was written. */
const ONE_MACHINE = 'one machine, no interception';

/** Facts for a line of them, each short: "two nodes", "10 ms round trip between clusters", "no interception". */
export function placeFacts({ topology }: RunRecord): readonly string[] {
  if (topology === null || topology === undefined) return [ONE_MACHINE];
  const how = topology.interception === 'none' ? 'no interception' : 'interception as each variant has it';
  const place = topology.nodes === 1 ? [`one machine, ${how}`] : ['two nodes', how];
  const { roundTripMs } = topology;
  if (roundTripMs === null) return place;
  return [...place, `${quantity(roundTripMs, 'ms')} round trip ${between(topology)}`];
}

/** The same as a label and a sentence each, with the path and the clusters spelt out. */
export function placeDetails(topology: Topology): readonly (readonly [label: string, text: string])[] {
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
    ['Addresses', topology.addresses === 'ipv6' ? 'IPv6' : 'IPv4'],
    ['Nodes', topology.nodes === 1 ? 'one: all of it shares a machine' : 'two'],
    [
      'Added delay',
      roundTripMs === null
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

function between(topology: Topology): string {
  return Object.keys(topology.clusters).length > 1 ? 'between clusters' : 'between nodes';
}
