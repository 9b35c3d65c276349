/** What a variant claims by its options, and must prove by its counters. */
import type { SidecarOptions } from './options.js';
import type { ProxySpec, Surroundings } from './path.js';
import type { Claim, ProxyRole, WitnessName } from './witnesses.js';

/**
 * Every claim that follows from the options, the row's own point first. A sidecar that copies bytes has one upstream
 * connection, and gets its buffers once, per client connection: it claims neither reuse nor pool hits.
 */
export function claimsOf(
  point: WitnessName | null,
  options: SidecarOptions,
  proxies: readonly ProxySpec[],
  { connections, protocol }: Pick<Surroundings, 'connections' | 'protocol'>,
  form: 'sidecar' | 'node',
): readonly Claim[] {
  const claims: readonly Claim[] =
    protocol === 'tcp'
      ? [
          ...(options.buffers === 'pooled' ? (['buffer-pool'] as const) : []),
          'proxy-in-path',
          ...kernelClaims(options, proxies),
        ]
      : [
          ...engineClaims(options),
          'proxy-in-path',
          ...kernelClaims(options, proxies),
          ...connectionClaims(options, connections),
          ...(form === 'sidecar' ? proxies.flatMap((proxy, index) => hopClaims(proxy, index, options)) : []),
        ];
  const isPoint = (claim: Claim) => claim === point || claim.startsWith(`${point}@`);
  return [...claims.filter(isPoint), ...claims.filter((claim) => !isPoint(claim))];
}

/** What the kernel does for a variant. Interception and the short cut beneath TCP are for hops over TCP alone. */
export function kernelClaims(options: SidecarOptions, proxies: readonly ProxySpec[]): Claim[] {
  const { forwarding, sameHost, interception, policy } = options;
  const overTcp = proxies.filter(({ listen }) => listen.protocol !== 'h3').map(({ role }) => role);
  return [
    ...(forwarding === 'sockmap' ? proxies.map(({ role }) => at('kernel-forwarding', role)) : []),
    ...(sameHost === 'messages' ? (['messages'] as const) : []),
    ...(interception === 'none'
      ? []
      : (['connects-redirected', ...overTcp.map((role) => at('intercepted', role))] as const)),
    ...(policy === 'kernel' ? (['kernel-policy'] as const) : []),
  ];
}

function engineClaims({ buffers, http, concurrency, duties }: SidecarOptions): Claim[] {
  return [
    ...(buffers === 'pooled' ? (['buffer-pool', 'buffer-pool-hits'] as const) : []),
    ...(http === 'lean' ? (['lean-http'] as const) : []),
    ...(concurrency === 'worker-pool' ? (['worker-pool'] as const) : []),
    ...(concurrency === 'event-loop' ? (['event-loop'] as const) : []),
    ...(concurrency === 'channel' ? (['serialised'] as const) : []),
    ...(duties === 'mesh' ? (['duties'] as const) : []),
  ];
}

function connectionClaims(options: SidecarOptions, connections: number): Claim[] {
  if (options.upstreamConnections === 'fresh') return ['fresh-connections'];
  const { idleUpstreamConnections } = options;
  const keepsEnough = idleUpstreamConnections === 'auto' || idleUpstreamConnections >= connections;
  return keepsEnough ? ['upstream-reuse'] : [];
}

const at = (name: WitnessName, role: ProxyRole): Claim => `${name}@${role}`;

function hopClaims(proxy: ProxySpec, index: number, options: SidecarOptions): Claim[] {
  const { role, listen, upstream, policy } = proxy;
  const { protocol, security } = listen;
  return [
    ...(protocol === 'tcp' ? [] : [at(protocol, role)]),
    // That the client speaks without TLS to the first of them is no point of the variant's.
    ...(index === 0 && security === 'plain' ? [] : [at(security === 'mtls' ? 'mtls' : 'plaintext', role)]),
    ...(upstream.security === 'mtls' ? upstreamTlsClaims(role, options) : []),
    ...(policy === 'remote' ? [at('policy-calls', role)] : []),
    ...(policy === 'cached' ? [at('policy-cache', role)] : []),
  ];
}

function upstreamTlsClaims(role: ProxyRole, { tls, upstreamConnections }: SidecarOptions): Claim[] {
  const { key, cipher, resumption, earlyData } = tls;
  return [
    at(`key-${key}`, role),
    ...(cipher === 'auto' ? [] : [at(cipher === 'chacha20-poly1305' ? 'chacha20' : 'aes-gcm', role)]),
    ...(upstreamConnections === 'fresh'
      ? [at('handshakes', role), at(resumption ? 'resumed' : 'full', role)]
      : []),
    ...(upstreamConnections === 'fresh' && earlyData ? [at('early-data', role)] : []),
  ];
}
