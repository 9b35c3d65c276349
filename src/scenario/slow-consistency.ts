/** What slow clients must agree on with the rest of the scenario. */
import type { Check, Disagreement } from './disagreement.js';
import { slowConnections } from './scenario.js';

export const checkSlowClients: Check = ({ workload, load, crossCheck, slices }) => {
  const { slowClients, connections } = workload;
  if (slowClients === undefined) return [];
  const found: Disagreement[] = [];
  const path = ['workload', 'slowClients'];
  if (connections !== undefined && slowConnections(connections, slowClients.share) >= connections) {
    found.push({
      path: [...path, 'share'],
      message: `this share of ${connections} ${connections === 1 ? 'connection' : 'connections'} leaves none for the requests that are judged; raise \`workload.connections\` or lower the share`,
    });
  }
  if (slices?.micro !== undefined) {
    found.push({
      path,
      message:
        'slow clients always have an answer under way, and at the edges of short slices nothing may be; leave `slices.micro` out',
    });
  }
  if (load?.driver === 'autocannon' || crossCheck?.driver !== undefined) {
    found.push({
      path,
      message:
        'autocannon has no slow clients; use `load.driver: loadgen`, and no `crossCheck`, with `workload.slowClients`',
    });
  }
  return found;
};
