/** What many pods that make the load together can be asked for. */
import type { Check, Disagreement } from './disagreement.js';

export const checkAgents: Check = ({ top, load, workload, slices }) => {
  const agents = load?.agents ?? 1;
  if (load === null || agents === 1) return [];
  const found: Disagreement[] = [];
  const refuse = (when: boolean, path: readonly string[], message: string) => {
    if (when) found.push({ path, message });
  };
  refuse(
    (top.cluster?.provider ?? 'local') === 'local',
    ['load', 'agents'],
    '`load.agents` needs `cluster: {provider: kubernetes}`: on one machine more generators have no more cores; leave it out',
  );
  refuse(
    workload.connections !== undefined && agents > workload.connections,
    ['load', 'agents'],
    `\`load.agents\` is above \`workload.connections\` (${workload.connections}), which the agents share; use at most ${workload.connections}, or more connections`,
  );
  const shortest = slices?.micro?.requests ?? Number.POSITIVE_INFINITY;
  refuse(
    agents > shortest,
    ['load', 'agents'],
    `\`load.agents\` is above \`slices.micro.requests\` (${shortest}), which the agents share; use at most ${shortest}`,
  );
  refuse(
    workload.slowClients !== undefined,
    ['workload', 'slowClients'],
    'slow clients come from one generator; leave this out, or `load.agents`',
  );
  return found;
};
