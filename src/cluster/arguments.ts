/** Command lines of the servers that a variant stands of. */
import { join } from 'node:path';
import { dataplaneBinary, installRoot } from '../host/index.js';
import type { ProxySpec, SidecarOptions, VariantSpec } from '../variants/index.js';
import type { Identity } from './certificates.js';
import type { ServiceSpec } from './cluster.js';

/** The program of ours that is started, and where it listens, `host:port`; for port 0 the kernel chooses. */
export interface Seat {
  readonly program: string;
  /** Node.js and the sidecar for it, where they are not this machine's. */
  readonly node?: readonly string[];
  readonly listen: string;
  readonly admin: string;
}

/** A program of this machine, this installation's own where no other is named, that listens where others reach `host`, on ports that the kernel chooses. */
export function seatAt(host: string, program = dataplaneBinary()): Seat {
  return { program, listen: `${host}:0`, admin: `${host}:0` };
}

function listenArguments({ listen, admin }: Seat): string[] {
  return ['--listen', listen, '--admin', admin];
}

/** How every program of ours is told who it is. */
export function identityArguments(identity: Identity): string[] {
  return [
    ...['--certificate', identity.certificateFile, '--key', identity.keyFile],
    ...['--ca', identity.authorityFile],
  ];
}

/** The service behind the mesh. */
export function serviceArguments(service: ServiceSpec, seat: Seat, identity: Identity | null): string[] {
  const { min, max } = service.responseBytes;
  const { protocol, stream } = service;
  return [
    ...[seat.program, 'service', ...listenArguments(seat), '--response-bytes', String(min)],
    // Through sidecars that copy bytes, client and service speak HTTP/1.1.
    ...['--protocol', protocol === 'tcp' ? 'http1' : protocol],
    ...(identity === null ? [] : identityArguments(identity)),
    ...(stream === null
      ? []
      : ['--stream-chunks', String(stream.chunks), '--stream-interval', `${stream.intervalMs}ms`]),
    ...(max > min ? ['--response-bytes-max', String(max)] : []),
    ...(service.delayMs > 0 ? ['--delay', `${service.delayMs}ms`] : []),
    ...(service.capacityPerSecond === undefined ? [] : ['--capacity', String(service.capacityPerSecond)]),
    ...(service.faultRate > 0 ? ['--fault-rate', String(service.faultRate)] : []),
  ];
}

/** The control plane that sidecars with a policy ask. */
export function policyArguments(rulesFile: string, latencyMs: number, seat: Seat): string[] {
  return [
    ...[seat.program, 'policy', ...listenArguments(seat), '--rules', rulesFile],
    ...['--latency', `${latencyMs}ms`],
  ];
}

export interface ProxyPlace {
  readonly seat: Seat;
  readonly upstream: string;
  /** Null where no hop of this proxy is secured. */
  readonly identity: Identity | null;
  readonly policyServer: string | null;
  /** Cgroup of the variant's processes; null where there is none. */
  readonly cgroup: string | null;
}

type SidecarForm = Extract<VariantSpec['form'], { type: 'sidecar' | 'node' }>;

/** One proxy of a variant. A planted burn goes into the first of them only. */
export function proxyArguments(form: SidecarForm, proxy: ProxySpec, place: ProxyPlace): string[] {
  return form.type === 'node' ? nodeArguments(form, proxy, place) : goArguments(form, proxy, place);
}

function goArguments(form: SidecarForm, proxy: ProxySpec, place: ProxyPlace): string[] {
  const { options, proxies } = form;
  const { identity, seat } = place;
  const burn = proxy === proxies[0] ? options.testBurnMicros : 0;
  return [
    ...[seat.program, 'sidecar', '--role', proxy.role, ...listenArguments(seat)],
    ...['--upstream', place.upstream],
    ...['--listen-protocol', proxy.listen.protocol, '--upstream-protocol', proxy.upstream.protocol],
    ...engineArguments(options),
    ...['--upstream-connections', options.upstreamConnections],
    ...['--idle-upstream-connections', String(form.idleUpstreamConnections)],
    ...['--listen-security', proxy.listen.security, '--upstream-security', proxy.upstream.security],
    ...(identity === null ? [] : [...identityArguments(identity), ...tlsArguments(proxy, options)]),
    ...kernelArguments(proxy, options, place.cgroup),
    ...(!asksServer(proxy.policy) || place.policyServer === null
      ? []
      : ['--policy', proxy.policy, '--policy-server', place.policyServer]),
    ...(burn > 0 ? ['--burn-micros', String(burn)] : []),
  ];
}

/** Whether a policy is decided by asking the policy server. */
export function asksServer(policy: SidecarOptions['policy']): policy is 'remote' | 'cached' {
  return policy === 'remote' || policy === 'cached';
}

function kernelArguments(
  { listen }: ProxySpec,
  { forwarding, interception }: SidecarOptions,
  cgroup: string | null,
): string[] {
  return [
    ...(forwarding === 'sockmap' && cgroup !== null
      ? ['--forwarding', 'sockmap', '--kernel-cgroup', cgroup]
      : []),
    ...(interception !== 'none' && listen.protocol !== 'h3' ? ['--intercepted'] : []),
  ];
}

function engineArguments(options: SidecarOptions): string[] {
  const { http, concurrency, workers, buffers, duties, hopTimes } = options;
  return [
    ...['--http', http, '--concurrency', concurrency, '--buffers', buffers, '--duties', duties],
    ...(concurrency === 'worker-pool' ? ['--workers', String(workers)] : []),
    ...(options.accessLog ? ['--access-log', '/dev/null'] : []),
    ...(hopTimes ? [] : ['--hop-times=false']),
  ];
}

function tlsArguments(proxy: ProxySpec, { tls }: SidecarOptions): string[] {
  const quic = proxy.listen.protocol === 'h3' || proxy.upstream.protocol === 'h3';
  return [
    ...['--tls-version', tls.version, '--tls-cipher', tls.cipher],
    ...(tls.resumption ? [] : ['--tls-resumption=false']),
    ...(tls.earlyData && quic ? ['--early-data'] : []),
  ];
}

/** Where Go leaves no choice of cipher, its runtime is told that the processor has no carry-less multiplication. */
export function proxyEnvironment(form: SidecarForm): Readonly<Record<string, string>> {
  const { mtls, tls } = form.options;
  return mtls !== 'none' && tls.version === '1.3' && tls.cipher === 'chacha20-poly1305'
    ? { GODEBUG: 'cpu.pclmulqdq=off' }
    : {};
}

/** The program of the Node sidecar. */
export function nodeSidecarScript(): string {
  return join(installRoot, 'dist', 'node-sidecar', 'main.js');
}

function nodeArguments(form: SidecarForm, proxy: ProxySpec, place: ProxyPlace): string[] {
  const { node = [process.execPath, nodeSidecarScript()] } = place.seat;
  return [
    ...node,
    ...['--role', proxy.role, ...listenArguments(place.seat), '--upstream', place.upstream],
    ...['--protocol', 'http1', '--buffers', form.options.buffers === 'pooled' ? 'pooled' : 'streams'],
    ...['--idle-upstream-connections', String(form.idleUpstreamConnections)],
  ];
}
