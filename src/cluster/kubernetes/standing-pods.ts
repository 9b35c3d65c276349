/** The pods of one variant as they stand: made one behind the other, reached, known by their processes, and removed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod, V1Service } from '@kubernetes/client-node';
import type { CounterSource, PodAgent } from '../../host/index.js';
import type { DeployedProcess } from '../cluster.js';
import { waitUntilReady } from '../custom.js';
import { ServerStartError } from '../servers.js';
import { type Connection, clusterFault, messageOf, patiently, statusOf } from './connection.js';
import { evidenceOf } from './explain.js';
import { type Home, makeSecret, removeSecret } from './home.js';
import { notAsInjected } from './injected-pod.js';
import { removeNamedJobs } from './jobs.js';
import { filesOf, type PodIdentity, type PodSettings, podManifest, secretManifest } from './manifests.js';
import type { Side } from './names.js';
import { type AboutMachine, type AgentAnswer, askAgent } from './pod-agent.js';
import { type ContainerPlan, GENERATOR, PORTS } from './pod-container.js';
import type { PodPlan } from './pod-plan.js';
import { containersOf, isImageMissing, isStanding, troubleOf, waitsFor } from './pod-state.js';
import type { PodWatch } from './pod-watch.js';
import { type ForwardedPort, forwardPort } from './port-forward.js';

/** More than the largest process id of Linux (PID_MAX_LIMIT, include/linux/threads.h). */
const PIDS_OF_A_POD = 2 ** 22;
const AGENT_RETRY_MS = 100;

export interface StandingPod {
  readonly variant: string;
  readonly side: Side;
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly roles: readonly string[];
  readonly address: string;
  readonly about: AboutMachine;
  readonly agent: PodAgent;
  /** `host:port` of this machine at which its agent is spoken with. */
  readonly agentAt: string;
  readonly processes: readonly DeployedProcess[];
  /** What the node says that its containers were made from, by digest; and those that were to be of meshmark's own image. */
  readonly imageIds: readonly string[];
  readonly ownImageIds: readonly string[];
  /** `host:port` of this machine at which its load generator is spoken with; null where it has none. */
  readonly generator: string | null;
}

/** What the pods of a run are made with. */
export interface PodGround {
  readonly connection: Connection;
  readonly watch: PodWatch;
  readonly settings: PodSettings;
  readonly startLimitMs: number;
  /** When what is made must be gone. */
  readonly until: Date;
  readonly token: string;
  readonly signal: AbortSignal;
  /** A number that no other pod of the run has. */
  nextNumber(): number;
  /** The number of the machine with that boot id. */
  machineOf(bootId: string | null, node: string): number;
}

/** What was made for a variant, whether or not it came to stand: everything that must be removed again. */
export interface Made {
  readonly home: Home;
  readonly pods: string[];
  /** Secrets that go with the pods. */
  readonly secrets: string[];
  readonly services: string[];
  /** Jobs, whose pods are among the pods once they are known. */
  readonly jobs: string[];
  readonly ports: ForwardedPort[];
  /** Set when it is being removed: what comes to be after that is removed at once. */
  removed: boolean;
}

/** Creates a pod, and before it the secret with the files that are for it alone. Throws CLUSTER, and ServerStartError when the cluster has no room for it. */
export async function createPod(
  { connection, settings, until }: PodGround,
  made: Made,
  plan: PodPlan,
  identity: Omit<PodIdentity, 'namespace' | 'variant' | 'secret'>,
): Promise<void> {
  const { namespace, variant, secret } = made.home;
  const files = filesOf(plan);
  if (Object.keys(files).length > 0) {
    made.secrets.push(identity.name);
    const own = secretManifest(identity.run, variant, identity.name, files, until);
    await makeSecret(connection, { namespace, body: own });
  }
  const body = podManifest(plan, { ...identity, namespace, variant, secret }, settings);
  made.pods.push(identity.name);
  await patiently(connection, `create the pod ${identity.name} in ${namespace}`, async () => {
    try {
      await connection.core.createNamespacedPod({ namespace, body });
    } catch (error) {
      if (statusOf(error) === 409) return;
      const said = messageOf(error);
      if (
        statusOf(error) === 403 &&
        /exceeded quota|violates PodSecurity|is forbidden: \[?(minimum|maximum)/.test(said)
      ) {
        throw new ServerStartError(`the cluster refuses the pod ${identity.name}: ${said}`);
      }
      throw error;
    }
  });
}

/** Creates the Service of a pod and returns its address, `host:port`. Throws CLUSTER. */
export async function createService({ connection }: PodGround, made: Made, body: V1Service): Promise<string> {
  const { namespace } = made.home;
  const name = body.metadata?.name ?? '';
  made.services.push(name);
  const doing = `create the service ${name} in ${namespace}`;
  const service = await patiently(connection, doing, async () => {
    try {
      return await connection.core.createNamespacedService({ namespace, body });
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
      return await connection.core.readNamespacedService({ namespace, name });
    }
  });
  const { clusterIP, ports = [] } = service.spec ?? {};
  return `${bracketed(clusterIP ?? '')}:${ports[0]?.port ?? ''}`;
}

/** Waits until a pod has an address. Throws ServerStartError with the cluster's reasons. */
export function addressed(ground: PodGround, namespace: string, name: string): Promise<string> {
  return untilPod(ground, namespace, name, (pod) => pod.status?.podIP ?? null);
}

/** Waits until all containers of a pod have started. Throws ServerStartError with the cluster's reasons. */
export function started(ground: PodGround, namespace: string, name: string): Promise<V1Pod> {
  return untilPod(ground, namespace, name, (pod) => (isStanding(pod) ? pod : null));
}

async function untilPod<Found>(
  { connection, watch, settings, startLimitMs, signal }: PodGround,
  namespace: string,
  name: string,
  found: (pod: V1Pod) => Found | null,
): Promise<Found> {
  type Outcome = { readonly found: Found } | { readonly trouble: string; readonly pod: V1Pod | null };
  const outcome = await watch.until<Outcome>(() => {
    const pod = watch.get(namespace, name);
    if (signal.aborted) return { trouble: 'interrupted', pod };
    if (pod === null) return null;
    const trouble = troubleOf(pod);
    if (trouble !== null) return { trouble, pod };
    const result = found(pod);
    return result === null ? null : { found: result };
  }, startLimitMs);
  if (outcome !== null && 'found' in outcome) return outcome.found;
  const pod = outcome?.pod ?? watch.get(namespace, name);
  const limit = `not in ${startLimitMs / 1000} s`;
  const why =
    outcome?.trouble ?? (pod === null ? `${limit}: the pod was never seen` : `${limit}: ${waitsFor(pod)}`);
  const evidence = pod === null ? '' : await evidenceOf(connection, pod, why);
  const mend = isImageMissing(why)
    ? `; have nodes get the image ${settings.image}: \`meshmark images save\` or \`push\``
    : '';
  throw new ServerStartError(`pod ${namespace}/${name}: ${why}${evidence}${mend}`);
}

/** Makes what tells of a pod's processes reachable, and asks the pod's agent which they are. Throws ServerStartError. */
export async function known(ground: PodGround, made: Made, plan: PodPlan, pod: V1Pod): Promise<StandingPod> {
  const { namespace } = made.home;
  const name = pod.metadata?.name ?? '';
  const node = pod.spec?.nodeName ?? 'unknown';
  const forward = (port: number) => reached(ground, made, name, port);
  const agentPort = await forward(PORTS.agent);
  const told = await agentOf(ground, agentPort, `pod ${namespace}/${name}`);
  const pidBase = ground.nextNumber() * PIDS_OF_A_POD;
  const machine = ground.machineOf(told.about.bootId, node);
  const address = pod.status?.podIP ?? '';
  const measured = plan.containers.filter(({ role }) => role !== GENERATOR);
  const { injected } = plan;
  const wrong =
    injected === undefined
      ? null
      : notAsInjected(pod, injected, [...plan.containers.map(({ role }) => role), 'agent']);
  if (wrong !== null) throw new ServerStartError(`pod ${namespace}/${name}: ${wrong}`);
  // What was put in tells nothing of itself that is known here.
  const others = told.processes
    .filter(({ role }) => role === injected?.role)
    .map(({ role, pid }): DeployedProcess => ({ role, pid: pidBase + pid, admin: null }));
  const processes = await Promise.all(
    measured.map(async (container): Promise<DeployedProcess[]> => {
      const { role, adminPort } = container;
      // The first is the one that was started, which answers for those that it has started itself.
      const [first, ...others] = told.processes.filter((one) => one.role === role);
      if (first === undefined) {
        throw new ServerStartError(`pod ${namespace}/${name}: its agent sees no process of ${role}`);
      }
      const at = adminPort === null ? null : (await forward(adminPort)).address;
      const admin = at === null ? null : sourceAt(at, container, machine !== 0);
      return [
        { role, pid: pidBase + first.pid, admin },
        ...others.map(({ pid }) => ({ role, pid: pidBase + pid, admin: null })),
      ];
    }),
  );
  const ofOthers = new Set(plan.containers.flatMap(({ role, image }) => (image === undefined ? [] : [role])));
  const digests = (own: boolean) =>
    containersOf(pod).flatMap((one) => (own && ofOthers.has(one.name) ? [] : [one.imageID]));
  return {
    variant: made.home.variant,
    side: plan.side,
    name,
    namespace,
    node,
    roles: plan.containers.map(({ role }) => role),
    address,
    about: told.about,
    // The generator's own pod is reached without leaving it.
    agent: {
      address: `${plan.side === 'client' ? '127.0.0.1' : bracketed(address)}:${PORTS.agent}`,
      pidBase,
      machine,
    },
    agentAt: agentPort.address,
    processes: [...processes.flat(), ...others],
    imageIds: [...new Set(digests(false))],
    ownImageIds: [...new Set(digests(true))],
    generator: plan.side === 'client' ? (await forward(PORTS.generator)).address : null,
  };
}

/** A port of one of the pods as one of this machine, until the pods are removed. Throws ServerStartError when they are already. */
export async function reached(
  { connection }: PodGround,
  made: Made,
  pod: string,
  port: number,
): Promise<ForwardedPort> {
  const { namespace } = made.home;
  const forwarded = await forwardPort(connection, namespace, pod, port);
  if (made.removed) {
    await forwarded.close();
    throw new ServerStartError(`pod ${namespace}/${pod} is being removed`);
  }
  made.ports.push(forwarded);
  return forwarded;
}

/** Waits until every container answers that has something to answer first. Throws ServerStartError when it does not in 15 s. */
export async function untilReady(
  ground: PodGround,
  made: Made,
  plans: ReadonlyMap<string, PodPlan>,
  died: () => string | null,
): Promise<void> {
  for (const [pod, { containers }] of plans) {
    for (const { role, ready } of containers) {
      if (ready === undefined) continue;
      const { address } = await reached(ground, made, pod, ready.port);
      const asked = { type: 'http', path: ready.path, status: ready.status } as const;
      await waitUntilReady(role, asked, { listen: address, at: address }, died);
    }
  }
}

/** How a container tells at `address` (`host:port` of this machine) what it did. */
function sourceAt(address: string, { source }: ContainerPlan, otherClock: boolean): CounterSource {
  if (source === undefined || source.type === 'snapshot') return { type: 'snapshot', address, otherClock };
  const url = new URL(source.url);
  url.host = address;
  return { ...source, url: url.href };
}

/** What a pod's agent tells, and which of `programs` its image lacks; it may be a moment behind the pod's other containers. Throws ServerStartError. */
export async function agentOf(
  { token, startLimitMs, signal }: PodGround,
  port: ForwardedPort,
  pod: string,
  programs: readonly string[] = [],
): Promise<AgentAnswer> {
  const deadline = Date.now() + startLimitMs;
  for (;;) {
    try {
      return await askAgent(port.address, token, programs);
    } catch (error) {
      const why = port.fault() ?? (error instanceof Error ? error.message : String(error));
      if (Date.now() > deadline || signal.aborted)
        throw new ServerStartError(`${pod}: its agent cannot be asked: ${why}`);
    }
    await sleep(AGENT_RETRY_MS);
  }
}

/** An address of IPv6 stands in brackets before a port. */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Ends the pods and waits until they are gone, with what was made for each alone. Throws CLUSTER. */
export async function removePods(
  { connection, watch }: PodGround,
  made: Made,
  limitMs: number,
): Promise<void> {
  const { namespace } = made.home;
  made.removed = true;
  await Promise.all(made.ports.splice(0).map((port) => port.close()));
  const ofJobs = await removeNamedJobs(connection, watch, namespace, made.jobs.splice(0));
  for (const name of made.services.splice(0)) {
    await patiently(connection, `remove the service ${name} from ${namespace}`, async () => {
      try {
        await connection.core.deleteNamespacedService({ namespace, name });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    });
  }
  const names = [...new Set([...made.pods.splice(0), ...ofJobs])];
  await Promise.all(
    names.map((name) =>
      patiently(connection, `remove the pod ${name} in ${namespace}`, async () => {
        try {
          await connection.core.deleteNamespacedPod({ namespace, name });
        } catch (error) {
          if (statusOf(error) !== 404) throw error;
        }
      }),
    ),
  );
  const secrets = made.secrets.splice(0);
  // Those in a namespace of ours go with it, and need no right to be removed.
  if (!made.home.own) await Promise.all(secrets.map((name) => removeSecret(connection, namespace, name)));
  const left = () => names.filter((name) => watch.get(namespace, name) !== null);
  if ((await watch.until(() => (left().length > 0 ? null : true), limitMs)) !== null) return;
  const said = `${left().join(', ')} still there after ${limitMs / 1000} s`;
  throw clusterFault(connection.server, `remove pods from ${namespace}`, new Error(said));
}
