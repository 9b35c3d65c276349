/** What tests do with the test cluster beyond bringing it up and down. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupFault } from '../setup/steps.mjs';
import { startApiServer } from './control-plane.mjs';
import { ensureKubernetes } from './kubernetes.mjs';
import { NODES, STATE } from './layout.mjs';
import { importImage } from './node.mjs';
import { endProcess } from './processes.mjs';

export { KUBECONFIG } from './layout.mjs';
export { ensureKubernetes };

/** Away for longer than it takes to notice. */
const AWAY_MS = 1500;

/** Has the API server end and come back. */
export async function restartApiServer() {
  const { kubernetes } = await ensureKubernetes();
  await endProcess(STATE, 'kube-apiserver');
  await sleep(AWAY_MS);
  startApiServer(kubernetes);
}

/** Gives every node that stands an image. @param {string} archive */
export async function loadImage(archive) {
  const standing = NODES.filter(({ state }) => existsSync(state));
  if (standing.length === 0) throw new SetupFault('there is no node', { mend: 'bring the cluster up' });
  for (const node of standing) await importImage(node, archive);
}
