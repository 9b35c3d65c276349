/** What a proxy that people run is configured from, and what comes of it. */
import type { CounterSource } from '../../host/index.js';
import type { Accelerator, ProxySpec, SidecarOptions, VariantSpec } from '../../variants/index.js';
import { hostNameOf, type Identity } from '../certificates.js';

export type ForeignForm = Extract<VariantSpec['form'], { type: 'foreign' }>;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One proxy of the path and where it stands. */
export interface ForeignProxy {
  readonly proxy: ProxySpec;
  readonly options: SidecarOptions;
  /** What does its private-key work; null for the processor. */
  readonly accelerator: Accelerator | null;
  /** Whether what passes is gRPC, which is HTTP/2 to all but nginx. */
  readonly grpc: boolean;
  readonly idleUpstreamConnections: number;
  /** Null for one on each core of whatever machine it comes to stand on, which the programs take by themselves. */
  readonly workers: number | null;
  readonly listen: Endpoint;
  /** Where its counters are asked for, apart from the traffic. */
  readonly admin: Endpoint;
  readonly upstream: Endpoint;
  /** The roles on either side; null for the client and for the service. */
  readonly peers: { readonly before: string | null; readonly after: string | null };
  /** Null where no hop of it is secured. */
  readonly identity: Identity | null;
  /** A folder of its own for whatever it reads and writes. */
  readonly directory: string;
}

export interface ForeignConfiguration {
  /** Name of the file in its folder. */
  readonly file: string;
  readonly text: string;
  /** What the program is started with, its own path left out. */
  readonly argv: readonly string[];
  /** What the program is asked with whether the configuration is right. */
  readonly checkArgv: readonly string[];
  readonly source: CounterSource;
}

/** What of a proxy's configuration follows from its variant and from what stands behind it, which is at `upstream` (`host:port`). */
export function placedBefore(
  { proxies, options, accelerator, grpc, idleUpstreamConnections }: ForeignForm,
  index: number,
  upstream: string,
): Omit<ForeignProxy, 'workers' | 'listen' | 'admin' | 'identity' | 'directory'> {
  const proxy = proxies[index];
  if (proxy === undefined) throw new RangeError(`the path has no proxy ${index}`);
  // An address of IPv6 has colons and brackets of its own.
  const colon = upstream.lastIndexOf(':');
  return {
    ...{ proxy, options, accelerator, grpc, idleUpstreamConnections },
    upstream: { host: upstream.slice(0, colon), port: Number(upstream.slice(colon + 1)) },
    peers: { before: proxies[index - 1]?.role ?? null, after: proxies[index + 1]?.role ?? null },
  };
}

/** Time limits of all of them: those of the Go sidecar's mesh duties. */
export const CONNECT_LIMIT_S = 5;
export const ANSWER_LIMIT_S = 15;
/** How long connections are kept while nothing passes: longer than any run lets one rest. */
export const IDLE_LIMIT_S = 900;
export const RETRIES = 2;

/** Paths with counters of their own under mesh duties, by the name of the route. Everything else is `rest`. */
export const ROUTES = [
  { name: 'health', match: 'exact', path: '/health' },
  { name: 'api', match: 'prefix', path: '/api/' },
  { name: 'static', match: 'prefix', path: '/static/' },
] as const;

/** The host name in the certificate of the next proxy. */
export function peerHost({ peers }: ForeignProxy): string {
  return hostNameOf(peers.after ?? '');
}

/** A path as HAProxy and nginx take it whatever it holds; what neither can take is refused before (`isSafePath`). */
export function quoted(path: string): string {
  return `"${path}"`;
}

/** Whether a path can stand between double quotes in each program's configuration. */
export function isSafePath(path: string): boolean {
  return !/["'$\\\n]/.test(path);
}

/** The identity of a proxy one of whose hops is secured. Throws RangeError when it was given none. */
export function identityOf({ identity, proxy }: ForeignProxy): Identity {
  if (identity === null) throw new RangeError(`${proxy.role} has a secured hop and no identity`);
  return identity;
}
