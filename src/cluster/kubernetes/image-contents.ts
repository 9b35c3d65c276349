/** Which variants are started from programs that meshmark's image has only when it was asked for, and whether it has them. */
import { placeholdersIn, type VariantSpec } from '../../variants/index.js';
import { ServerStartError } from '../servers.js';
import type { Home } from './home.js';
import type { PodIdentity } from './manifests.js';
import { PORTS } from './pod-container.js';
import { NODE_SIDECAR, type PodPlan } from './pod-plan.js';
import {
  agentOf,
  createPod,
  type Made,
  type PodGround,
  reached,
  removePods,
  started,
} from './standing-pods.js';

export interface NeededProgram {
  /** Where it must be in the image. */
  readonly program: string;
  /** What the image needs, and how it comes by it. */
  readonly need: string;
}

/** The program that a variant is started from; null where it is meshmark's own, or in an image of the user's. */
export function neededProgram({ form }: VariantSpec): NeededProgram | null {
  const saved = (name: string, asked: string) =>
    `needs ${name} in the image: \`meshmark images save --with ${asked}\``;
  switch (form.type) {
    case 'direct':
    case 'zero-sidecar':
    case 'injected':
    case 'sidecar':
      return null;
    case 'node':
      return { program: NODE_SIDECAR[0], need: saved('Node.js', 'node') };
    case 'foreign':
      return { program: `/${form.program}`, need: saved(form.program, form.program) };
    case 'custom': {
      const [program] = form.command;
      if (form.settings.image !== null || program === undefined || placeholdersIn(program).length > 0)
        return null;
      return {
        program,
        need: `needs ${program} in the image: name one that has it by the variant’s \`image\``,
      };
    }
  }
}

const TEARDOWN_LIMIT_MS = 30_000;

/** A pod with nothing but an agent. */
const ALONE: PodPlan = { side: 'control', name: 'image', containers: [], port: null };

/**
 * Those of the programs that the image has not, as an agent tells that is started from it for the question alone. None where
 * that does not come to stand: what keeps it from that is told by the variants, which do not either. Throws CLUSTER.
 */
export async function missingPrograms(
  ground: PodGround,
  home: Home,
  identity: Pick<PodIdentity, 'run' | 'name' | 'longestSeconds' | 'everyNamespace'>,
  programs: readonly string[],
): Promise<readonly string[]> {
  const { name } = identity;
  const { namespace } = home;
  const made: Made = { home, pods: [], secrets: [], services: [], jobs: [], ports: [], removed: false };
  try {
    // A pod cannot have nothing but what rides beside others.
    await createPod(ground, made, ALONE, { ...identity, nativeSidecars: false, node: null });
    await started(ground, namespace, name);
    const port = await reached(ground, made, name, PORTS.agent);
    return (await agentOf(ground, port, `pod ${namespace}/${name}`, programs)).missing;
  } catch (error) {
    if (error instanceof ServerStartError) return [];
    throw error;
  } finally {
    await removePods(ground, made, TEARDOWN_LIMIT_MS);
  }
}
