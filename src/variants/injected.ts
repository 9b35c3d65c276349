/** A mesh that a cluster has already: pods say that they want its proxy, and something in the cluster puts it in. */
import type { ProxyRole } from './witnesses.js';

export interface InjectionSettings {
  /** What the variant's own namespace says, such as `istio-injection: enabled`. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly namespaceAnnotations: Readonly<Record<string, string>>;
  /** What each of its pods says. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** Containers that must then be in its pods; empty where none may be. */
  readonly containers: readonly string[];
  /** Ends of the path whose pods get them. */
  readonly sides: readonly ('client' | 'service')[];
}

/** Roles of the proxies that are put in, in the order that a request passes them. */
export function injectedRoles({ containers, sides }: InjectionSettings): readonly ProxyRole[] {
  if (containers.length === 0) return [];
  return (['client', 'service'] as const)
    .filter((side) => sides.includes(side))
    .map((side) => (side === 'client' ? 'outbound' : 'inbound'));
}
