/** Standing one variant up: its service, then the path from its end to its beginning. */
import type { CoreSplit, ProcessHost, StartedBy } from '../host/index.js';
import type { ProxySpec, VariantSpec } from '../variants/index.js';
import {
  asksServer,
  nodeSidecarScript,
  policyArguments,
  proxyArguments,
  proxyEnvironment,
  seatAt,
  serviceArguments,
} from './arguments.js';
import type { Authority, Identity } from './certificates.js';
import type { ServiceSpec } from './cluster.js';
import { standUpCustom } from './custom.js';
import { standUpForeign } from './foreign/stand-up.js';
import { agentDutiesOf, type KernelAgent, startKernelAgent } from './kernel-agent.js';
import { type Placement, type Server, ServerStartError, startServer } from './servers.js';

const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '[::1]' } as const;

/** Where the steps of the path stand: the first proxy with the client, everything behind it on the far node, if there is one. */
export interface Nodes {
  readonly near: { readonly host: string; readonly netns: null };
  readonly far: { readonly host: string; readonly netns: string | null };
}

/** Everything on this machine's loopback. */
export function oneNode(addresses: 'ipv4' | 'ipv6'): Nodes {
  const host = LOOPBACK[addresses];
  return { near: { host, netns: null }, far: { host, netns: null } };
}

/** What every variant of the run is stood up with. */
export interface Ground {
  readonly host: ProcessHost;
  readonly split: CoreSplit;
  readonly nodes: Nodes;
  readonly authority: Authority;
  /** Folder for what proxies of others read and write; removed at the end. */
  readonly foreignDirectory: string;
  /** The policy server's rules. */
  readonly rulesFile: string;
  readonly policyLatencyMs: number;
  /** Cgroups of all clients, and of the agents that attach programs; null where there are none. */
  readonly clientCgroup: string | null;
  readonly agentCgroup: string | null;
}

export interface Stood {
  /** What the client talks to. */
  readonly entry: string;
  /** What the variant's kernel policy forbids; null where it has none. */
  readonly forbidden: string | null;
  /** Who the client is; null where it speaks without TLS. */
  readonly client: Identity | null;
}

/**
 * Starts a variant's processes and appends each to `servers` as soon as it listens, so that whoever catches a failure can end
 * them. Throws ServerStartError.
 */
export async function standUp(
  ground: Ground,
  cgroup: string | null,
  variant: VariantSpec,
  service: ServiceSpec,
  servers: Server[],
  startedBy: StartedBy | null = null,
): Promise<Stood> {
  const { host, split, nodes } = ground;
  const placed = (cores: readonly number[], node: Nodes['far']): Placement => ({
    cores,
    cgroup,
    netns: node.netns,
    env: {},
  });
  const foreignPlace = (index: number) => placed(split.dataPlane, index === 0 ? nodes.near : nodes.far);
  const start = async (role: string, argv: readonly string[], placement: Placement): Promise<string> => {
    const server = await startServer(host, role, argv, placement);
    servers.push(server);
    return server.address;
  };
  const { form } = variant;
  /** Client and service prove themselves with the kind of key that the sidecars have. */
  const endIdentity = async (role: 'client' | 'service') => {
    if (service.protocol !== 'h3') return null;
    return ground.authority.identityOf(role, form.type === 'sidecar' ? form.options.tls.key : 'ecdsa');
  };
  const agent = await startAgent(ground, cgroup, variant, servers);
  const end = await start(
    'service',
    serviceArguments(service, seatAt(nodes.far.host), await endIdentity('service')),
    placed(split.generator, nodes.far),
  );
  await agent?.register('service', end);
  const client = await endIdentity('client');
  switch (form.type) {
    case 'direct':
      return { entry: end, forbidden: null, client };
    case 'zero-sidecar': {
      const redirected = form.options.interception === 'connect' && agent !== null;
      const entry = redirected ? await agent.virtualAddress(end) : end;
      return { entry, forbidden: await forbid(form, agent, end), client };
    }
    case 'sidecar':
    case 'node': {
      // The control plane stands with the generator: its CPU is not the data plane's.
      const policyServer = form.proxies.some(({ policy }) => asksServer(policy))
        ? await start(
            'policy',
            policyArguments(ground.rulesFile, ground.policyLatencyMs, seatAt(nodes.far.host)),
            placed(split.generator, nodes.far),
          )
        : null;
      let upstream = end;
      for (const [index, proxy] of [...form.proxies.entries()].reverse()) {
        const node = index === 0 ? nodes.near : nodes.far;
        const profiled = index === 0 && form.type === 'node' ? startedBy : null;
        const argv = proxyArguments(form, proxy, {
          seat: {
            ...seatAt(node.host, variant.program),
            ...(profiled === null ? {} : { node: [...profiled.argv, nodeSidecarScript()] }),
          },
          upstream,
          identity: await identityFor(ground.authority, proxy, form.options.tls.key),
          policyServer,
          cgroup,
        });
        upstream = await start(proxy.role, argv, {
          ...placed(split.dataPlane, node),
          env: { ...proxyEnvironment(form), ...profiled?.env },
          ...(profiled === null ? {} : { directory: profiled.directory }),
        });
        // QUIC is UDP, which neither the short cut nor interception is for.
        if (agent === null || proxy.listen.protocol === 'h3') continue;
        await agent.register(proxy.role, upstream);
        if (form.options.interception !== 'none') upstream = await agent.virtualAddress(upstream);
      }
      return { entry: upstream, forbidden: await forbid(form, agent, upstream), client };
    }
    case 'foreign':
      return {
        entry: await standUpForeign(ground, form, end, foreignPlace, servers),
        forbidden: null,
        client,
      };
    case 'injected':
      throw new ServerStartError('it stands on a cluster only: `--cluster kubernetes`');
    case 'custom':
      return {
        entry: await standUpCustom(
          ground,
          { ...form, directory: variant.directory ?? null },
          end,
          foreignPlace,
          servers,
        ),
        forbidden: null,
        client,
      };
  }
}

/** The agent of a variant that needs one, with its programs attached and nothing yet for them to do. */
async function startAgent(
  { host, split, clientCgroup, agentCgroup }: Ground,
  meshCgroup: string | null,
  { form, program }: VariantSpec,
  servers: Server[],
): Promise<KernelAgent | null> {
  const duties = agentDutiesOf(form);
  if (duties === null) return null;
  if (clientCgroup === null || agentCgroup === null || meshCgroup === null) {
    throw new ServerStartError('eBPF programs are attached to cgroups, and there are none here');
  }
  const cores = split.generator;
  const place = { clientCgroup, meshCgroup, agentCgroup, cores };
  const agent = await startKernelAgent(host, duties, place, program);
  servers.push(agent.server);
  return agent;
}

/** Forbids an address that leads where the client's own does, so that a denial can be seen without touching the traffic. */
async function forbid(
  form: Extract<VariantSpec['form'], { type: 'sidecar' | 'node' | 'zero-sidecar' }>,
  agent: KernelAgent | null,
  to: string,
): Promise<string | null> {
  if (agent === null || form.options.policy !== 'kernel') return null;
  const forbidden = await agent.virtualAddress(to);
  await agent.deny([forbidden]);
  return forbidden;
}

async function identityFor(
  authority: Authority,
  { role, listen, upstream }: ProxySpec,
  key: 'ecdsa' | 'rsa',
): Promise<Identity | null> {
  const secured = listen.security === 'mtls' || upstream.security === 'mtls';
  return secured ? await authority.identityOf(role, key) : null;
}
