/** Which variants can stand as pods, and what the others need. */
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';
import { neededProgram } from './image-contents.js';
import { reachesIntoKernel } from './kernel-pod.js';
import type { Offer } from './node-resources.js';

/** What the scenario, and who runs it, let pods do. */
export interface Permission {
  readonly scenario: boolean;
  readonly command: boolean;
}

/** Why a variant cannot stand on any cluster; null when it can on some. */
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
  return null;
}

/** Who is asked what this one cluster has. Each is asked at most once, and only where a variant needs it. */
export interface Asked {
  offered(): Promise<Offer>;
  /** Those of the programs that the image has not; `first` is the first variant that needs one. */
  missing(programs: readonly string[], first: VariantSpec): Promise<readonly string[]>;
}

/** Why each variant that cannot stand on this cluster cannot, by id. Throws what `asked` does. */
export async function lackingAmong(
  variants: readonly VariantSpec[],
  protocol: WorkloadProtocol,
  privileged: Permission,
  asked: Asked,
): Promise<ReadonlyMap<string, string>> {
  const lacking = new Map<string, string>();
  const able = () => variants.filter(({ id }) => !lacking.has(id));
  for (const variant of variants) {
    const reason = lackingOnKubernetes(variant, protocol, privileged);
    if (reason !== null) lacking.set(variant.id, reason);
  }
  const accelerated = able().filter(({ needs }) => needs.includes('quickassist'));
  if (accelerated.length > 0) {
    const offer = await asked.offered();
    if ('reason' in offer) for (const { id } of accelerated) lacking.set(id, offer.reason);
  }
  const started = able().flatMap((variant) => {
    const needed = neededProgram(variant);
    return needed === null ? [] : [{ variant, ...needed }];
  });
  const [first] = started;
  if (first === undefined) return lacking;
  const programs = [...new Set(started.map(({ program }) => program))];
  const missing = await asked.missing(programs, first.variant);
  for (const { variant, program, need } of started) {
    if (missing.includes(program)) lacking.set(variant.id, need);
  }
  return lacking;
}

function interceptionOf(form: VariantSpec['form']): 'none' | 'connect' | 'redirect' {
  return form.type === 'sidecar' || form.type === 'zero-sidecar' ? form.options.interception : 'none';
}
