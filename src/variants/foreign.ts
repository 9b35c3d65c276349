/** Proxies that people run: which of the sidecar's options each has, and what its own counters can prove. */

import type { CarriedProtocol, SidecarOptions, WrittenOptions } from './options.js';
import type { HopProtocol, ProxySpec } from './path.js';
import type { Claim } from './witnesses.js';

export type ForeignProgram = 'envoy' | 'haproxy' | 'nginx';
/** An Intel QuickAssist device, or several signatures at once in wide registers. */
export type Accelerator = 'quickassist' | 'multi-buffer';

/** An option that cannot be had, as a predicate with the mend. `option` is empty where the workload is at fault. */
interface ForeignConflict {
  readonly option: string;
  readonly message: string;
}

interface Ability {
  readonly name: string;
  /** Paths of the options it takes, as they are written. */
  readonly options: readonly string[];
  /** What it can speak to its upstream; what it listens for may be more. */
  readonly upstream: readonly HopProtocol[];
  readonly workloads: readonly CarriedProtocol[];
}

const COMMON = [
  'duties',
  'accessLog',
  'mtls',
  'tls.key',
  'tls.version',
  'tls.resumption',
  'meshProtocol',
  'upstreamConnections',
  'testDisarm',
] as const;

const ABILITIES: Readonly<Record<ForeignProgram, Ability>> = {
  envoy: {
    name: 'Envoy',
    options: COMMON,
    upstream: ['http1', 'h2', 'h3', 'tcp'],
    workloads: ['http1', 'h2', 'grpc', 'tcp'],
  },
  haproxy: {
    name: 'HAProxy',
    options: [...COMMON, 'idleUpstreamConnections'],
    upstream: ['http1', 'h2', 'tcp'],
    workloads: ['http1', 'h2', 'grpc', 'tcp'],
  },
  nginx: {
    name: 'nginx',
    options: [...COMMON, 'idleUpstreamConnections'],
    upstream: ['http1'],
    workloads: ['http1', 'grpc'],
  },
};

/** Why written options, or the workload, cannot be had from a program; empty when they can. */
export function foreignConflicts(
  program: ForeignProgram,
  written: WrittenOptions,
  protocol: CarriedProtocol,
): readonly ForeignConflict[] {
  const { name, options, upstream, workloads } = ABILITIES[program];
  const found: ForeignConflict[] = writtenPaths(written)
    .filter((path) => !options.includes(path))
    .map((option) => ({ option, message: unknownOption(program, option) }));
  if (!workloads.includes(protocol)) {
    found.push({ option: '', message: refusedWorkload(program, protocol) });
    return found;
  }
  const { meshProtocol = 'same' } = written;
  if (meshProtocol !== 'same' && protocol === 'grpc' && meshProtocol !== 'h2') {
    found.push({
      option: 'meshProtocol',
      message: `must be \`same\` or \`h2\` for ${name} with \`workload.protocol: grpc\`, whose trailers ${name} passes on over HTTP/2 only`,
    });
  } else if (meshProtocol !== 'same' && protocol !== 'grpc' && !upstream.includes(meshProtocol)) {
    found.push({
      option: 'meshProtocol',
      message: `is \`${meshProtocol}\`, which ${name} cannot speak to its upstream; use ${alternatives(upstream)}`,
    });
  }
  return found;
}

function unknownOption(program: ForeignProgram, option: string): string {
  const { name, options } = ABILITIES[program];
  if (program === 'envoy' && option === 'idleUpstreamConnections') {
    return 'cannot be had: Envoy keeps every upstream connection that it has; leave it out, or use `upstreamConnections: fresh`';
  }
  const known = options.filter((one) => one !== 'testDisarm').map((one) => `\`${one}\``);
  return `is not an option of ${name}, which has ${known.join(', ')}`;
}

function refusedWorkload(program: ForeignProgram, protocol: CarriedProtocol): string {
  const { name, workloads } = ABILITIES[program];
  const why =
    protocol === 'tcp'
      ? 'copies bytes only with its stream module, which its packages leave out'
      : protocol === 'h3'
        ? 'is not set up to take HTTP/3 from clients'
        : 'cannot speak HTTP/2 to its upstream, which `workload.protocol: h2` needs';
  return `${name} ${why}; use ${workloads.map((one) => `\`protocol: ${one}\``).join(' or ')}`;
}

function alternatives(protocols: readonly HopProtocol[]): string {
  return ['same', ...protocols.filter((one) => one !== 'tcp')].map((one) => `\`${one}\``).join(' or ');
}

/** `tls.key` for `{tls: {key: rsa}}`; options that were left out are not there. */
function writtenPaths({ tls, ...over }: WrittenOptions): string[] {
  const given = (of: object) =>
    Object.entries(of).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  return [...given(over), ...given(tls ?? {}).map((key) => `tls.${key}`)];
}

/**
 * What a program must prove. nginx counts connections and requests, and neither dials, protocols nor handshakes, so
 * that nothing but its place in the path is claimed of it. One that copies bytes sees no requests.
 */
export function foreignClaims(
  program: ForeignProgram,
  options: SidecarOptions,
  proxies: readonly ProxySpec[],
  protocol: CarriedProtocol,
  accelerator: Accelerator | null = null,
): readonly Claim[] {
  if (program === 'nginx' || protocol === 'tcp') return ['proxy-in-path'];
  return [
    ...(accelerator === 'quickassist' ? deviceClaims(proxies, options) : []),
    'proxy-in-path',
    options.upstreamConnections === 'fresh' ? 'fresh-connections' : 'upstream-reuse',
    ...proxies.flatMap((proxy, index) => hopClaims(proxy, index, options)),
  ];
}

/** A device can only be seen at work where handshakes are made in the windows. */
function deviceClaims(proxies: readonly ProxySpec[], { upstreamConnections }: SidecarOptions): Claim[] {
  if (upstreamConnections !== 'fresh') return [];
  return proxies.flatMap(({ role, upstream }) =>
    upstream.security === 'mtls' ? [`qat-requests@${role}` as const] : [],
  );
}

function hopClaims({ role, listen, upstream }: ProxySpec, index: number, options: SidecarOptions): Claim[] {
  const { protocol, security } = listen;
  const handshakes: readonly Claim[] = [
    `handshakes@${role}`,
    options.tls.resumption ? `resumed@${role}` : `full@${role}`,
  ];
  return [
    ...(protocol === 'tcp' ? [] : [`${protocol}@${role}` as const]),
    ...(index === 0
      ? []
      : [security === 'mtls' ? (`mtls@${role}` as const) : (`plaintext@${role}` as const)]),
    ...(upstream.security === 'mtls' && options.upstreamConnections === 'fresh' ? handshakes : []),
  ];
}
