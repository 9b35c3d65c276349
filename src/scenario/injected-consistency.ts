/** What the fields of an injected variant must agree on. */
import type { Disagreement, IsWritten } from './disagreement.js';
import type { Draft } from './draft.js';

/** Faults of `inject`, in a variant of any kind. */
export function injectedFaults(
  index: number,
  { inject }: Draft['variants'][number],
  kind: string,
  injected: boolean,
  namespace: string | undefined,
): Disagreement[] {
  const path = ['variants', index, 'inject'] as const;
  if (!injected) {
    return inject === undefined
      ? []
      : [{ path, message: `\`inject\` is only for \`kind: injected\`, and this is \`${kind}\`` }];
  }
  if (inject === undefined) return [];
  const found: Disagreement[] = [];
  if ((inject.containers ?? []).length > 0 && inject.sides?.includes('service') === false) {
    found.push({
      path: [...path, 'sides'],
      message:
        '`inject.sides` must name `service`: whether a proxy is in the path is seen from there, and nothing would prove one that the client alone has',
    });
  }
  for (const field of ['namespaceLabels', 'namespaceAnnotations'] as const) {
    if (namespace === undefined || Object.keys(inject[field] ?? {}).length === 0) continue;
    found.push({
      path: [...path, field],
      message: `\`inject.${field}\` needs a namespace of the variant’s own, and \`cluster.namespace\` is \`${namespace}\`; leave that out, or ask by \`podLabels\` or \`podAnnotations\``,
    });
  }
  return found;
}

/** Injected variants that do not say how, told from what was written. */
export function checkInjections(draft: Draft, isWritten: IsWritten): readonly Disagreement[] {
  return draft.variants.flatMap(({ id, kind }, index) =>
    (kind ?? id) === 'injected' && !isWritten(['variants', index, 'inject'])
      ? [
          {
            path: ['variants', index],
            message:
              'an injected variant needs `inject`, such as `{namespaceLabels: {istio-injection: enabled}, containers: [istio-proxy]}`',
          },
        ]
      : [],
  );
}
