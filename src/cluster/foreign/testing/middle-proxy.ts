/** A proxy of somebody else's as its configuration is made for it, in tests. */
import { type CarriedProtocol, type DeclaredVariant, resolveVariant } from '../../../variants/index.js';
import type { Authority } from '../../certificates.js';
import type { ForeignProxy } from '../configuration.js';

/** The middle one of three proxies, which has a peer of the mesh on either side; ports are fixed and nothing listens. */
export async function middleProxy(
  authority: Authority,
  { kind, options }: Pick<DeclaredVariant, 'kind' | 'options'>,
  directory: string,
  protocol: CarriedProtocol = 'http1',
): Promise<ForeignProxy> {
  const { form } = resolveVariant(
    { id: kind, kind, options, command: null },
    { roles: ['outbound', 'gateway', 'inbound'], clusterOf: () => '', connections: 16, protocol },
  );
  const proxy = form.type === 'foreign' ? form.proxies[1] : undefined;
  if (form.type !== 'foreign' || proxy === undefined) throw new Error(`${kind} is no foreign row`);
  const secured = proxy.listen.security === 'mtls';
  return {
    proxy,
    options: form.options,
    accelerator: form.accelerator,
    grpc: form.grpc,
    idleUpstreamConnections: form.idleUpstreamConnections,
    workers: 1,
    listen: { host: '127.0.0.1', port: 18_001 },
    admin: { host: '127.0.0.1', port: 18_002 },
    upstream: { host: '127.0.0.1', port: 18_003 },
    peers: { before: 'outbound', after: 'inbound' },
    identity: secured ? await authority.identityOf('gateway', form.options.tls.key) : null,
    directory,
  };
}
