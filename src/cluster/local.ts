/** The local provider: variants as processes of this machine, on ports that the kernel chooses. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  allowedCores,
  type CoreSplit,
  dataplaneBinary,
  descendantsOf,
  joinCgroup,
  makeChildCgroup,
  makeRunCgroup,
  type ProcessHost,
  type RunCgroup,
  removeCgroup,
  type StartedProcess,
  splitCores,
  startWire,
  type Wire,
} from '../host/index.js';
import type { Isolation } from '../record/index.js';
import type { VariantSpec } from '../variants/index.js';
import { createAuthority } from './certificates.js';
import type {
  Cluster,
  DeployedProcess,
  Deployment,
  DeployOutcome,
  DeploySpec,
  LocalClusterOptions,
} from './cluster.js';
import { dataPlaneRoles } from './data-plane-roles.js';
import { POLICY_RULES } from './policy-rules.js';
import { waitForAnswer } from './readiness.js';
import { deathOf, type Server, ServerStartError } from './servers.js';
import { settingsOf } from './settings.js';
import { type Ground, type Nodes, oneNode, standUp } from './stand-up.js';

interface Standing {
  readonly processes: readonly StartedProcess[];
  readonly cgroup: string | null;
}

/** A local cluster. Nothing but the loops that keep cores awake is started until the first deploy. */
export function createLocalCluster(host: ProcessHost, options: LocalClusterOptions): Cluster {
  const split = splitCores(allowedCores(), process.platform === 'linux');
  const runCgroup = makeRunCgroup();
  if (runCgroup.state === 'made') host.watchCgroup(runCgroup.directory);
  const keepers = options.keepAwake && process.platform === 'linux' ? startKeepers(host, split) : [];
  const group = (name: string) =>
    runCgroup.state === 'made' ? makeChildCgroup(runCgroup.directory, name) : null;
  const clientCgroup = group('clients');
  const agentCgroup = group('agents');
  // The harness asks for parity and readiness by the same addresses as the clients, and must be seen as they are.
  const leave = options.kernelHooks && clientCgroup !== null ? joinCgroup(clientCgroup) : null;
  const standing = new Map<Deployment, Standing>();
  const authority = createAuthority(resolve(options.directory, 'certificates'), options.longestMs);
  const rulesFile = join(options.directory, 'policy-rules.json');
  const foreignDirectory = resolve(options.directory, 'proxies');
  let ground: Promise<Ground> | null = null;
  let wire: Wire | null = null;
  let generation = 0;

  /** What all variants stand on, made at the first deploy. */
  const prepare = async (): Promise<Ground> => {
    if (options.nodes === 2) {
      const kind = options.roundTripMs > 0 ? 'tun' : 'veth';
      wire = await startWire(host, {
        delayMs: options.roundTripMs / 2,
        kind,
        cores: split.generator,
      });
    }
    mkdirSync(options.directory, { recursive: true });
    writeFileSync(rulesFile, JSON.stringify(POLICY_RULES));
    const { policyLatencyMs } = options;
    const nodes = wire === null ? oneNode(options.addresses) : nodesOf(wire);
    return {
      host,
      split,
      nodes,
      authority,
      foreignDirectory,
      rulesFile,
      policyLatencyMs,
      clientCgroup,
      agentCgroup,
    };
  };

  const deployOne = async (variant: VariantSpec, spec: DeploySpec): Promise<DeployOutcome> => {
    const cgroup = group(`${variant.id}.${generation}`);
    const servers: Server[] = [];
    try {
      ground ??= prepare();
      const { entry, forbidden, client } = await standUp(
        await ground,
        cgroup,
        variant,
        spec.service,
        servers,
        spec.startedBy ?? null,
      );
      await waitForAnswer(entry, spec.service.protocol, () => deathOf(servers), client);
      const deployment: Deployment = {
        variant: variant.id,
        entry,
        forbidden,
        client,
        processes: servers.flatMap((server) => processesOf(server, variant)),
        settings: settingsOf(variant, split.dataPlane.length),
        deathReason: () => deathOf(servers),
      };
      standing.set(deployment, { processes: servers.map((server) => server.process), cgroup });
      return { state: 'standing', deployment };
    } catch (error) {
      if (!(error instanceof ServerStartError)) throw error;
      await remove({ processes: servers.map((server) => server.process), cgroup });
      return { state: 'failed', variant: variant.id, reason: error.message };
    }
  };

  const remove = async (one: Standing): Promise<void> => {
    await Promise.all(one.processes.map((process) => host.end(process)));
    if (one.cgroup !== null)
      await removeCgroup(one.cgroup, (ms) => new Promise((done) => setTimeout(done, ms)));
  };

  return {
    isolation: describeIsolation(
      split,
      runCgroup,
      keepers.map(({ core }) => core),
    ),
    clientCgroup,
    link: () => {
      if (wire === null) return null;
      return { kind: options.roundTripMs > 0 ? 'tun' : 'veth', roundTripMicros: wire.roundTripMicros };
    },
    keepers: () =>
      keepers.filter(({ loop }) => loop.exit() === null).map(({ core, loop }) => ({ core, pid: loop.pid })),
    dataPlaneRoles,
    deploy: async (spec) => {
      generation += 1;
      return Promise.all(spec.variants.map((variant) => deployOne(variant, spec)));
    },
    teardown: async (deployments) => {
      await Promise.all(
        deployments.map(async (deployment) => {
          const one = standing.get(deployment);
          standing.delete(deployment);
          if (one !== undefined) await remove(one);
        }),
      );
    },
    whyEnded: () => null,
    close: async () => {
      await Promise.all([...standing.values()].map(remove));
      standing.clear();
      await Promise.all(keepers.map(({ loop }) => host.end(loop)));
      if (wire !== null) await host.end(wire.process);
      authority.remove();
      rmSync(rulesFile, { force: true });
      rmSync(foreignDirectory, { recursive: true, force: true });
      leave?.();
      if (runCgroup.state === 'made') {
        await removeCgroup(runCgroup.directory, (ms) => new Promise((done) => setTimeout(done, ms)));
      }
    },
  };
}

/** A server's own process, and the workers that a proxy of the user's own may have started: they share its role. */
function processesOf({ role, process, pid, admin }: Server, { form }: VariantSpec): DeployedProcess[] {
  const workers = form.type === 'custom' && role !== 'service' ? descendantsOf(process.pid) : [];
  return [{ role, pid, admin }, ...workers.map((pid): DeployedProcess => ({ role, pid, admin: null }))];
}

function nodesOf(wire: Wire): Nodes {
  return {
    near: { host: wire.nearAddress, netns: null },
    far: { host: wire.farAddress, netns: wire.namespace },
  };
}

/** One loop for each core that anything of the run may use. */
function startKeepers(host: ProcessHost, split: CoreSplit): { core: number; loop: StartedProcess }[] {
  const cores = [...new Set([...split.generator, ...split.dataPlane])];
  return cores.map((core) => ({
    core,
    loop: host.start({ argv: [dataplaneBinary(), 'keep-awake'], cores: [core], cgroup: null }),
  }));
}

function describeIsolation(split: CoreSplit, cgroup: RunCgroup, keptAwake: number[]): Isolation {
  const notIsolated = [
    ...(split.shared === null ? [] : [`generator and data plane share their cores: ${split.shared}`]),
    ...(cgroup.state === 'made' ? [] : [`variants have no cgroup of their own: ${cgroup.reason}`]),
    ...(split.generator.length === 1 && split.shared === null
      ? ['the generator, the services and meshmark itself share one core']
      : []),
  ];
  return {
    generatorCores: [...split.generator],
    dataPlaneCores: [...split.dataPlane],
    cgroups: cgroup.state === 'made' ? 'one per variant (cgroup v2)' : null,
    keptAwake,
    notIsolated,
  };
}
