/** The proxies of a path, and what each speaks on either side. */
import type { CarriedProtocol, SidecarOptions } from './options.js';
import type { ProxyRole } from './witnesses.js';

export type HopProtocol = 'http1' | 'h2' | 'h3' | 'tcp';

/** One proxy of the path. */
export interface ProxySpec {
  readonly role: ProxyRole;
  readonly listen: { readonly protocol: HopProtocol; readonly security: 'plain' | 'mtls' };
  readonly upstream: { readonly protocol: HopProtocol; readonly security: 'plain' | 'mtls' };
  readonly policy: SidecarOptions['policy'];
}

/** What of a scenario, beside a variant's own declaration, decides how it stands. */
export interface Surroundings {
  /** The proxies in the path. */
  readonly roles: readonly ProxyRole[];
  /** The cluster that each step of the path is in; the same for all where the scenario names none. */
  readonly clusterOf: (role: ProxyRole) => string;
  /** The workload's connections, for options that are `auto`. */
  readonly connections: number;
  readonly protocol: CarriedProtocol;
}

/** What each proxy of the path speaks on either side. Client and service speak the workload's protocol, without TLS where it has such a form. */
export function proxiesOf(options: SidecarOptions, surroundings: Surroundings): readonly ProxySpec[] {
  const { roles, clusterOf, protocol } = surroundings;
  const outer: HopProtocol = protocol === 'grpc' ? 'h2' : protocol;
  const inner: HopProtocol = options.meshProtocol === 'same' ? outer : options.meshProtocol;
  const between = (from: ProxyRole, to: ProxyRole): ProxySpec['listen'] => ({
    protocol: inner,
    // QUIC has no form without TLS.
    security:
      inner === 'h3' ||
      options.mtls === 'all' ||
      (options.mtls === 'cross-cluster' && clusterOf(from) !== clusterOf(to))
        ? 'mtls'
        : 'plain',
  });
  const end: ProxySpec['listen'] = { protocol: outer, security: outer === 'h3' ? 'mtls' : 'plain' };
  return roles.map((role, index) => {
    const before = roles[index - 1];
    const after = roles[index + 1];
    return {
      role,
      listen: before === undefined ? end : between(before, role),
      upstream: after === undefined ? end : between(role, after),
      policy: after === undefined ? options.policy : 'none',
    };
  });
}
