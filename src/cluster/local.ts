/** The local provider: variants as processes of this machine, on ports that the kernel chooses. */
import {
  allowedCores,
  type CoreSplit,
  dataplaneBinary,
  makeChildCgroup,
  makeRunCgroup,
  type ProcessHost,
  type RunCgroup,
  removeCgroup,
  type StartedProcess,
  splitCores,
} from '../host/index.js';
import type { Isolation } from '../record/index.js';
import type { VariantSpec } from '../variants/index.js';
import type { Cluster, DeployedProcess, Deployment, DeployOutcome, DeploySpec } from './cluster.js';
import { freePort, waitForAnswer } from './readiness.js';
import {
  deathOf,
  type Server,
  ServerStartError,
  serviceArguments,
  sidecarArguments,
  startServer,
} from './servers.js';

interface Standing {
  readonly processes: readonly StartedProcess[];
  readonly cgroup: string | null;
}

/** A local cluster. Nothing is started until the first deploy. */
export function createLocalCluster(host: ProcessHost, keepAwake: boolean): Cluster {
  const split = splitCores(allowedCores(), process.platform === 'linux');
  const runCgroup = makeRunCgroup();
  if (runCgroup.state === 'made') host.watchCgroup(runCgroup.directory);
  const keepers = keepAwake && process.platform === 'linux' ? startKeepers(host, split) : [];
  const standing = new Map<Deployment, Standing>();
  let generation = 0;

  const deployOne = async (variant: VariantSpec, spec: DeploySpec): Promise<DeployOutcome> => {
    const cgroup =
      runCgroup.state === 'made' ? makeChildCgroup(runCgroup.directory, `${variant.id}.${generation}`) : null;
    const servers: Server[] = [];
    try {
      const entry = await standUp(host, split, cgroup, variant, spec, servers);
      await waitForAnswer(entry, () => deathOf(servers));
      const deployment: Deployment = {
        variant: variant.id,
        entry,
        processes: servers.map(
          ({ role, process, admin }): DeployedProcess => ({ role, pid: process.pid, admin }),
        ),
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
    close: async () => {
      await Promise.all([...standing.values()].map(remove));
      standing.clear();
      await Promise.all(keepers.map(({ loop }) => host.end(loop)));
      if (runCgroup.state === 'made') {
        await removeCgroup(runCgroup.directory, (ms) => new Promise((done) => setTimeout(done, ms)));
      }
    },
  };
}

/** Roles of a variant's own proxies; the service is the application's, not the data plane's. */
function dataPlaneRoles(variant: VariantSpec): readonly string[] {
  switch (variant.form.type) {
    case 'direct':
      return [];
    case 'sidecar':
      return variant.form.roles;
    case 'custom':
      return ['proxy'];
  }
}

/** Starts the service, then the path from its end to its beginning. Returns the address the client talks to. */
async function standUp(
  host: ProcessHost,
  split: CoreSplit,
  cgroup: string | null,
  variant: VariantSpec,
  spec: DeploySpec,
  servers: Server[],
): Promise<string> {
  const service = await startServer(host, 'service', serviceArguments(spec.service), {
    cores: split.generator,
    cgroup,
  });
  servers.push(service);
  switch (variant.form.type) {
    case 'direct':
      return service.address;
    case 'sidecar': {
      let upstream = service.address;
      for (const role of [...variant.form.roles].reverse()) {
        const argv = sidecarArguments(variant.form, role, upstream, spec.protocol);
        const sidecar = await startServer(host, role, argv, { cores: split.dataPlane, cgroup });
        servers.push(sidecar);
        upstream = sidecar.address;
      }
      return upstream;
    }
    case 'custom': {
      const listen = `127.0.0.1:${await freePort()}`;
      const argv = variant.form.command.map((word) =>
        word.replaceAll('{listen}', listen).replaceAll('{upstream}', service.address),
      );
      const process = host.start({ argv, cores: split.dataPlane, cgroup });
      servers.push({ role: 'proxy', process, address: listen, admin: null });
      return listen;
    }
  }
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
