/** Which variants can stand as pods, and what the others need. */
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';
import { reachesIntoKernel } from './kernel-pod.js';

/** What the scenario, and who runs it, let pods do. */
export interface Permission {
  readonly scenario: boolean;
  readonly command: boolean;
}

/** Why a variant cannot stand on a cluster; null when it can. */
export function lackingOnKubernetes(
  variant: VariantSpec,
  protocol: WorkloadProtocol,
  privileged: Permission,
): string | null {
  const { form } = variant;
  if (protocol === 'h3')
    return 'needs UDP between pods and identities of clients, which pods are not given yet';
  if (reachesIntoKernel(variant)) {
    const interception = interceptionOf(form);
    if (interception === 'redirect' || (interception === 'connect' && form.type === 'sidecar'))
      return `\`interception: ${interception}\` leads from one step to the next on one machine; pods are addressed`;
    const lacking = [
      ...(privileged.scenario ? [] : ['`cluster.allowPrivileged: true` in the scenario']),
      ...(privileged.command ? [] : ['`--allow-privileged`']),
    ];
    if (lacking.length > 0)
      return `needs eBPF programs in the kernel of its nodes, for which pods need privilege: ${lacking.join(' and ')}`;
  }
  switch (form.type) {
    case 'direct':
    case 'sidecar':
    case 'zero-sidecar':
    case 'injected':
      return null;
    case 'node':
      return 'needs Node.js in the image, which has Go programs only';
    case 'foreign':
      return `needs ${form.program} in the image, which has meshmark’s own programs only`;
    case 'custom':
      return 'needs its program in the image, which has meshmark’s own programs only';
  }
}

function interceptionOf(form: VariantSpec['form']): 'none' | 'connect' | 'redirect' {
  return form.type === 'sidecar' || form.type === 'zero-sidecar' ? form.options.interception : 'none';
}
