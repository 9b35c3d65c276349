/** Standing up the path of a variant whose proxies are somebody else's, from its end to its beginning. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreSplit, ProcessHost } from '../../host/index.js';
import type { Authority } from '../certificates.js';
import type { Placement, Server } from '../servers.js';
import { workersOf } from '../settings.js';
import { type ForeignForm, placedBefore } from './configuration.js';
import { startForeign } from './start.js';

/** What of the run's ground such proxies stand on. */
interface ForeignGround {
  readonly host: ProcessHost;
  readonly split: CoreSplit;
  readonly nodes: { readonly near: { readonly host: string }; readonly far: { readonly host: string } };
  readonly authority: Authority;
  readonly foreignDirectory: string;
}

/** Appends each proxy to `servers` as soon as it listens, and returns the first one's address. Throws ServerStartError. */
export async function standUpForeign(
  ground: ForeignGround,
  form: ForeignForm,
  end: string,
  placementOf: (index: number) => Placement,
  servers: Server[],
): Promise<string> {
  const { proxies, options, program } = form;
  mkdirSync(ground.foreignDirectory, { recursive: true });
  let upstream = end;
  for (const [index, proxy] of [...proxies.entries()].reverse()) {
    const secured = proxy.listen.security === 'mtls' || proxy.upstream.security === 'mtls';
    const server = await startForeign(
      ground.host,
      program,
      {
        ...placedBefore(form, index, upstream),
        workers: workersOf(program, ground.split.dataPlane.length),
        host: index === 0 ? ground.nodes.near.host : ground.nodes.far.host,
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
