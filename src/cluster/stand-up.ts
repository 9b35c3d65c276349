/** Standing one variant up: its service, then the path from its end to its beginning. */
import type { CoreSplit, ProcessHost } from '../host/index.js';
import type { ProxySpec, VariantSpec } from '../variants/index.js';
import { policyArguments, proxyArguments, proxyEnvironment, serviceArguments } from './arguments.js';
import type { Authority, Identity } from './certificates.js';
import type { ServiceSpec } from './cluster.js';
import { freePort } from './readiness.js';
import { type Placement, type Server, startServer } from './servers.js';

const LOOPBACK = '127.0.0.1';

/** Where the steps of the path stand: the first proxy with the client, everything behind it on the far node, if there is one. */
export interface Nodes {
  readonly near: { readonly host: string; readonly netns: null };
  readonly far: { readonly host: string; readonly netns: string | null };
}

export const ONE_NODE: Nodes = {
  near: { host: LOOPBACK, netns: null },
  far: { host: LOOPBACK, netns: null },
};

/** What every variant of the run is stood up with. */
export interface Ground {
  readonly host: ProcessHost;
  readonly split: CoreSplit;
  readonly nodes: Nodes;
  readonly authority: Authority;
  /** The policy server's rules. */
  readonly rulesFile: string;
  readonly policyLatencyMs: number;
}

/**
 * Starts a variant's processes and appends each to `servers` as soon as it listens, so that whoever catches a failure can end
 * them. Returns the address the client talks to. Throws ServerStartError.
 */
export async function standUp(
  ground: Ground,
  cgroup: string | null,
  variant: VariantSpec,
  service: ServiceSpec,
  servers: Server[],
): Promise<string> {
  const { host, split, nodes } = ground;
  const placed = (cores: readonly number[], node: Nodes['far']): Placement => ({
    cores,
    cgroup,
    netns: node.netns,
    env: {},
  });
  const start = async (role: string, argv: readonly string[], placement: Placement): Promise<string> => {
    const server = await startServer(host, role, argv, placement);
    servers.push(server);
    return server.address;
  };
  const end = await start(
    'service',
    serviceArguments(service, nodes.far.host),
    placed(split.generator, nodes.far),
  );
  const { form } = variant;
  switch (form.type) {
    case 'direct':
      return end;
    case 'sidecar':
    case 'node': {
      // The control plane stands with the generator: its CPU is not the data plane's.
      const policyServer = form.proxies.some(({ policy }) => policy !== 'none')
        ? await start(
            'policy',
            policyArguments(ground.rulesFile, ground.policyLatencyMs, nodes.far.host),
            placed(split.generator, nodes.far),
          )
        : null;
      let upstream = end;
      for (const [index, proxy] of [...form.proxies.entries()].reverse()) {
        const node = index === 0 ? nodes.near : nodes.far;
        const argv = proxyArguments(form, proxy, {
          host: node.host,
          upstream,
          identity: await identityFor(ground.authority, proxy, form.options.tls.key),
          policyServer,
        });
        upstream = await start(proxy.role, argv, {
          ...placed(split.dataPlane, node),
          env: proxyEnvironment(form),
        });
      }
      return upstream;
    }
    case 'custom': {
      const listen = `${LOOPBACK}:${await freePort()}`;
      const argv = form.command.map((word) =>
        word.replaceAll('{listen}', listen).replaceAll('{upstream}', end),
      );
      const process = host.start({ argv, cores: split.dataPlane, cgroup });
      servers.push({ role: 'proxy', process, address: listen, admin: null });
      return listen;
    }
  }
}

async function identityFor(
  authority: Authority,
  { role, listen, upstream }: ProxySpec,
  key: 'ecdsa' | 'rsa',
): Promise<Identity | null> {
  const secured = listen.security === 'mtls' || upstream.security === 'mtls';
  return secured ? await authority.identityOf(role, key) : null;
}
