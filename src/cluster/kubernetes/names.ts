/** What our objects in a cluster are called, and the labels by which they are known as ours. */

/** Every object that we make carries it, and nothing without it is ever removed. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'meshmark' } as const;
export const RUN_LABEL = 'meshmark.dev/run';
const VARIANT_LABEL = 'meshmark.dev/variant';
export const SIDE_LABEL = 'meshmark.dev/side';

/** When the run that made it must have ended, as ISO 8601; after that it is a remain of a crash. */
export const UNTIL = 'meshmark.dev/until';

/** Where in the path a pod stands: with the client, with the service, between them, or beside the path. */
export type Side = 'client' | 'middle' | 'service' | 'control';

/** Longest name of a namespace, and longest value of a label (RFC 1123 label). */
const LONGEST = 63;

/** A variant's id as part of a name: it may have any case, `@` and more. */
export function slugOf(variant: string): string {
  const slug = variant
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'variant' : slug;
}

/** Namespace of a variant, where each has its own. `place` tells variants apart whose ids are alike. */
export function namespaceOf(run: string, variant: string, place: number): string {
  return `${`meshmark-${run}-${place}-${slugOf(variant)}`.slice(0, LONGEST).replace(/-+$/, '')}`;
}

/** Labels of everything of one variant. */
export function labelsOf(run: string, variant: string): Record<string, string> {
  return {
    ...MANAGED_BY,
    [RUN_LABEL]: run,
    [VARIANT_LABEL]: slugOf(variant).slice(0, LONGEST).replace(/-+$/, ''),
  };
}

export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
