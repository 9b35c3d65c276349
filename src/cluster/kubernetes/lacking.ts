/** Which variants can stand as pods, and what the others need. */
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';
import { neededProgram } from './image-contents.js';
import type { Offer } from './node-resources.js';

/** Why a variant cannot stand on any cluster; null when it can on some. */
export function lackingOnKubernetes({ form, needs }: VariantSpec, protocol: WorkloadProtocol): string | null {
  if (protocol === 'h3')
    return 'needs UDP between pods and identities of clients, which pods are not given yet';
  const kernel = needs.find((need) => need.startsWith('kernel:'));
  if (kernel !== undefined) {
    return `needs ${kernel.slice('kernel:'.length)} in the kernel of its nodes, for which pods have no privilege`;
  }
  return form.type === 'zero-sidecar'
    ? 'needs programs in the kernel of its nodes, for which pods have no privilege'
    : null;
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
  asked: Asked,
): Promise<ReadonlyMap<string, string>> {
  const lacking = new Map<string, string>();
  const able = () => variants.filter(({ id }) => !lacking.has(id));
  for (const variant of variants) {
    const reason = lackingOnKubernetes(variant, protocol);
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
