/** Which variants can stand as pods, and what the others need. */
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';

/** Why a variant cannot stand on a cluster; null when it can. */
export function lackingOnKubernetes({ form, needs }: VariantSpec, protocol: WorkloadProtocol): string | null {
  if (protocol === 'h3')
    return 'needs UDP between pods and identities of clients, which pods are not given yet';
  const kernel = needs.find((need) => need.startsWith('kernel:'));
  if (kernel !== undefined) {
    return `needs ${kernel.slice('kernel:'.length)} in the kernel of its nodes, for which pods have no privilege`;
  }
  switch (form.type) {
    case 'direct':
    case 'sidecar':
      return null;
    case 'zero-sidecar':
      return 'needs programs in the kernel of its nodes, for which pods have no privilege';
    case 'node':
      return 'needs Node.js in the image, which has Go programs only';
    case 'foreign':
      return `needs ${form.program} in the image, which has meshmark’s own programs only`;
    case 'custom':
      return 'needs its program in the image, which has meshmark’s own programs only';
  }
}
