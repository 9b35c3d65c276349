/** Variants whose programs are built before a run, from a repository. */

/** `own`: the scenario's repository as it lies there; `base`: the commit that it is compared with. */
export type Version = 'own' | 'base';

/** What a variant is built from, and how. */
export interface VariantBuild {
  readonly version: Version;
  /** The command that builds a proxy of the user's own; null for meshmark's own data plane. */
  readonly command: readonly string[] | null;
}

/** Forms that stand of meshmark's own data plane, beside a service that is the same in every version. */
const OWN_FORMS: readonly string[] = ['sidecar', 'zero-sidecar'];

/** What a declared variant is built from; null where its programs are there already. */
export function buildOf(
  { build, version }: { readonly build?: readonly string[]; readonly version?: Version },
  form: string,
): VariantBuild | null {
  if (form === 'custom') return build === undefined ? null : { version: version ?? 'own', command: build };
  return version !== undefined && isOfOwnDataPlane(form) ? { version, command: null } : null;
}

/** Whether variants of a form stand of meshmark's own data plane. */
export function isOfOwnDataPlane(form: string): boolean {
  return OWN_FORMS.includes(form);
}
