/** What the parts of a topology must agree on. */
import type { Check, Disagreement } from './disagreement.js';
import { quote } from './fault.js';
import { rolesOf } from './topology.js';

export const checkTopology: Check = ({ topology }) => {
  if (topology === null) return [];
  const found: Disagreement[] = [];
  if (topology.hops !== undefined && topology.path !== undefined) {
    found.push({
      path: ['topology', 'path'],
      message: '`path` and `hops` say the same thing; keep one of them',
    });
  }
  if (topology.roundTrip !== undefined && topology.roundTrip > 0 && topology.nodes === 1) {
    found.push({
      path: ['topology', 'roundTrip'],
      message: '`topology.roundTrip` needs `nodes: 2`: on one node there is no link to delay',
    });
  }
  if (topology.addresses === 'ipv6' && topology.nodes === 2) {
    found.push({
      path: ['topology', 'addresses'],
      message: '`addresses: ipv6` needs `nodes: 1`: the link between two nodes carries IPv4',
    });
  }
  const path = ['client', ...rolesOf(topology), 'service'];
  const clusterWith = new Map<string, string>();
  for (const [cluster, steps] of Object.entries(topology.clusters ?? {})) {
    for (const [index, step] of steps.entries()) {
      const place = ['topology', 'clusters', cluster, index];
      const other = clusterWith.get(step);
      if (!path.includes(step)) {
        found.push({
          path: place,
          message: `${quote(step)} is no step of the path, which is \`[${path.join(', ')}]\``,
        });
      } else if (other !== undefined) {
        found.push({
          path: place,
          message: `${quote(step)} is in ${quote(other)} already; a step is in one cluster`,
        });
      }
      clusterWith.set(step, cluster);
    }
  }
  const missing = path.filter((step) => !clusterWith.has(step));
  if (topology.clusters !== undefined && missing.length > 0) {
    found.push({
      path: ['topology', 'clusters'],
      message: `\`topology.clusters\` leaves out ${missing.map((step) => `\`${step}\``).join(', ')}; put every step of the path into a cluster`,
    });
  }
  return found;
};
