/** Standing up the path of a variant whose proxies are somebody else's, from its end to its beginning. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreSplit, ProcessHost } from '../../host/index.js';
import type { VariantSpec } from '../../variants/index.js';
import type { Authority } from '../certificates.js';
import type { Placement, Server } from '../servers.js';
import { workersOf } from '../settings.js';
import { startForeign } from './start.js';

/** What of the run's ground such proxies stand on. */
interface ForeignGround {
  readonly host: ProcessHost;
  readonly split: CoreSplit;
  readonly nodes: { readonly near: { readonly host: string }; readonly far: { readonly host: string } };
  readonly authority: Authority;
  readonly foreignDirectory: string;
}

type ForeignForm = Extract<VariantSpec['form'], { type: 'foreign' }>;

/** Appends each proxy to `servers` as soon as it listens, and returns the first one's address. Throws ServerStartError. */
export async function standUpForeign(
  ground: ForeignGround,
  form: ForeignForm,
  end: string,
  placementOf: (index: number) => Placement,
  servers: Server[],
): Promise<string> {
  const { proxies, options, program, accelerator, grpc, idleUpstreamConnections } = form;
  mkdirSync(ground.foreignDirectory, { recursive: true });
  let upstream = end;
  for (const [index, proxy] of [...proxies.entries()].reverse()) {
    const secured = proxy.listen.security === 'mtls' || proxy.upstream.security === 'mtls';
    // An address of IPv6 has colons and brackets of its own.
    const colon = upstream.lastIndexOf(':');
    const server = await startForeign(
      ground.host,
      program,
      {
        proxy,
        options,
        accelerator,
        grpc,
        idleUpstreamConnections,
        workers: workersOf(program, ground.split.dataPlane.length),
        host: index === 0 ? ground.nodes.near.host : ground.nodes.far.host,
        upstream: { host: upstream.slice(0, colon), port: Number(upstream.slice(colon + 1)) },
        peers: { before: proxies[index - 1]?.role ?? null, after: proxies[index + 1]?.role ?? null },
        identity: secured ? await ground.authority.identityOf(proxy.role, options.tls.key) : null,
        directory: mkdtempSync(join(ground.foreignDirectory, `${program}-${proxy.role}-`)),
      },
      placementOf(index),
    );
    servers.push(server);
    upstream = server.address;
  }
  return upstream;
}
