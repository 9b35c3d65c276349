/** What a request passes: from what the scenario wrote to the proxies of the path. */
import type { ProxyRole } from '../variants/index.js';

const BY_HOPS: Readonly<Record<1 | 2 | 3, readonly ProxyRole[]>> = {
  1: ['outbound'],
  2: ['outbound', 'inbound'],
  3: ['outbound', 'gateway', 'inbound'],
};

/** The proxies of a path, two sidecars unless `hops` or `path` says otherwise. */
export function rolesOf(written: {
  readonly hops?: 1 | 2 | 3 | undefined;
  readonly path?: readonly string[] | undefined;
}): readonly ProxyRole[] {
  if (written.path === undefined) return BY_HOPS[written.hops ?? 2];
  const roles = Object.values(BY_HOPS).find((one) => one.length + 2 === written.path?.length);
  return roles ?? BY_HOPS[2];
}

/** The cluster of each step, as a function; steps that no cluster names are all in the same one. */
export function clusterOfStep(
  clusters: Readonly<Record<string, readonly string[]>>,
): (step: string) => string {
  return (step) => Object.entries(clusters).find(([, steps]) => steps.includes(step))?.[0] ?? '';
}
