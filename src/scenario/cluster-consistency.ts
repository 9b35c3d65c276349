/** What the rest of a scenario must agree on with where its variants stand. */
import { KUBERNETES_FIELDS } from './cluster-schema.js';
import { silentImageFaults } from './custom-consistency.js';
import type { Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';

/** Fields of the other provider, and what only a machine of one's own can have. */
export function checkCluster(
  { top, topology, workload, load, crossCheck, variants }: Draft,
  isWritten: IsWritten,
): Disagreement[] {
  // What is wrong with it has been said of its own fields.
  if (top.cluster === undefined && isWritten(['cluster'])) return [];
  const provider = top.cluster?.provider ?? 'local';
  const custom = [...variants.entries()].filter(([, { id, kind }]) => (kind ?? id) === 'custom');
  if (provider === 'local') {
    return [
      ...KUBERNETES_FIELDS.filter((field) => isWritten(['cluster', field])).map((field) => ({
        path: ['cluster', field],
        message: `\`cluster.${field}\` needs \`provider: kubernetes\`, and this is \`local\``,
      })),
      ...custom
        .filter(([, { image }]) => image !== undefined)
        .map(([index]) => ({
          path: ['variants', index, 'image'],
          message: '`image` needs `cluster.provider: kubernetes`, and this is `local`; use `command`',
        })),
    ];
  }
  const found: Disagreement[] = custom.flatMap(([index, variant]) => silentImageFaults(index, variant));
  const refuse = (when: boolean, path: readonly string[], message: string) => {
    if (when) found.push({ path, message });
  };
  refuse(
    (topology?.roundTrip ?? 0) > 0,
    ['topology', 'roundTrip'],
    'a round trip is added to links of this machine only; leave it out: a cluster has its own',
  );
  refuse(
    topology?.addresses === 'ipv6',
    ['topology', 'addresses'],
    'a cluster gives its pods their addresses; leave this out',
  );
  refuse(
    load?.driver === 'autocannon',
    ['load', 'driver'],
    'pods have meshmark’s own load generator only; use `loadgen`',
  );
  refuse(
    crossCheck?.driver === 'k6',
    ['crossCheck', 'driver'],
    'pods have meshmark’s own load generator only; leave `crossCheck` out',
  );
  refuse(
    top.cluster?.keepAwake === 'always',
    ['cluster', 'keepAwake'],
    'a loop that keeps cores awake is for this machine only; leave `keepAwake` out',
  );
  refuse(
    (workload.idleConnections ?? 0) > 0,
    ['workload', 'idleConnections'],
    'idle connections are opened from this machine, which does not reach pods; leave this out',
  );
  return found;
}
