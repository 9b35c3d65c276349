/** What the sidecar is told on its command line. */
import { parseArgs } from 'node:util';

const ROLES = ['outbound', 'gateway', 'inbound'] as const;
const PROTOCOLS = ['http1', 'tcp'] as const;
const BUFFERS = ['streams', 'pooled'] as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Options {
  readonly role: (typeof ROLES)[number];
  /** Port 0 has the kernel choose. */
  readonly listen: Address;
  readonly admin: Address;
  readonly upstream: Address;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** `streams`: every chunk in fresh memory, by stream.pipeline. `pooled`: what the upstream sends is read into reused buffers. */
  readonly buffers: (typeof BUFFERS)[number];
  readonly idleUpstreamConnections: number;
}

export const USAGE = `usage: node main.js --upstream HOST:PORT [options]
  --role outbound|gateway|inbound     names the process (outbound)
  --listen HOST:PORT                  where to serve; port 0 has the kernel choose (127.0.0.1:0)
  --admin HOST:PORT                   where GET /snapshot is answered (127.0.0.1:0)
  --upstream HOST:PORT                where to forward to
  --protocol http1|tcp                (http1)
  --buffers streams|pooled            (streams)
  --idle-upstream-connections N       kept open for reuse (64)
`;

/** The options that the arguments (without node and the script) give, or `help`. Throws an Error that names the mistake. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = (fallback?: string) =>
    fallback === undefined ? { type: 'string' as const } : { type: 'string' as const, default: fallback };
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      role: text('outbound'),
      listen: text('127.0.0.1:0'),
      admin: text('127.0.0.1:0'),
      upstream: text(),
      protocol: text('http1'),
      buffers: text('streams'),
      'idle-upstream-connections': text('64'),
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help === true) return 'help';
  if (values.upstream === undefined) throw new Error('--upstream is missing');
  const upstream = address('upstream', values.upstream);
  if (upstream.port === 0) throw new Error('--upstream needs a port above 0');
  return {
    role: oneOf('role', ROLES, values.role),
    listen: address('listen', values.listen),
    admin: address('admin', values.admin),
    upstream,
    protocol: oneOf('protocol', PROTOCOLS, values.protocol),
    buffers: oneOf('buffers', BUFFERS, values.buffers),
    idleUpstreamConnections: atLeastOne('idle-upstream-connections', values['idle-upstream-connections']),
  };
}

function oneOf<T extends string>(flag: string, known: readonly T[], given: string | undefined): T {
  const found = known.find((word) => word === given);
  if (found === undefined) throw new Error(`--${flag} must be one of ${known.join(', ')}, got "${given}"`);
  return found;
}

function address(flag: string, given: string | undefined): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given ?? '');
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Error(`--${flag} must be host:port, got "${given}"`);
  return { host, port };
}

function atLeastOne(flag: string, given: string | undefined): number {
  const count = Number(given);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`--${flag} must be a whole number of at least 1, got "${given}"`);
  return count;
}

/** `host:port`, with brackets around an IPv6 host. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
