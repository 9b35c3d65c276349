/** Standing one variant up as pods: made from the end of its path to the beginning, then seen, then asked. */
import type { VariantSpec } from '../../variants/index.js';
import type { Deployment, DeploySpec } from '../cluster.js';
import { waitForAnswer } from '../readiness.js';
import { ServerStartError } from '../servers.js';
import { settingsOf } from '../settings.js';
import { serviceManifest } from './injected-pod.js';
import { withLateEnd } from './late-end.js';
import { createAgents } from './load-agents.js';
import { connectFromPod } from './pod-agent.js';
import { PORTS } from './pod-container.js';
import { needsPolicyServer, type PodPlan, podsOf, policyPod } from './pod-plan.js';
import {
  addressed,
  bracketed,
  createPod,
  createService,
  known,
  type Made,
  type PodGround,
  reached,
  type StandingPod,
  started,
  untilReady,
} from './standing-pods.js';

/** What variants of a run stand up with. */
export interface Stage {
  readonly ground: PodGround;
  readonly run: string;
  readonly longestSeconds: number;
  readonly nativeSidecars: boolean;
  readonly everyNamespace: boolean;
  readonly policyLatencyMs: number;
  /** How many pods load a variant. */
  readonly agents: number;
  /** The node that a side was on before; null for the first. */
  nodeBefore(side: PodPlan['side']): string | null;
  /** Told of a variant's pods as soon as all of them are seen. */
  onSeen(variant: string, pods: readonly StandingPod[]): void;
  /** Why a variant's pods no longer serve; null while they do. */
  whyEnded(variant: string): string | null;
}

/**
 * Stands a variant up, whose pods' names begin with `prefix`, and returns it once it has answered. Everything that is made is
 * in `made`, whatever comes of it. `device` is the resource of its accelerator. Throws ServerStartError with the cluster's reasons, and CLUSTER.
 */
export async function standUpPods(
  stage: Stage,
  variant: VariantSpec,
  spec: DeploySpec,
  made: Made,
  prefix: string,
  device: string | null,
): Promise<Deployment> {
  const { ground, run, agents } = stage;
  const { namespace } = made.home;
  const plans = new Map<string, PodPlan>();
  const create = async (plan: PodPlan): Promise<string> => {
    const name = `${prefix}-${plan.name}`;
    const identity = {
      run,
      name,
      longestSeconds: stage.longestSeconds,
      nativeSidecars: stage.nativeSidecars,
      everyNamespace: stage.everyNamespace,
      node: stage.nodeBefore(plan.side),
    };
    if (plan.side === 'client' && agents > 1) {
      const clients = await createAgents(ground, made, plan, identity, agents);
      for (const client of clients) plans.set(client, plan);
      return '';
    }
    plans.set(name, plan);
    await createPod(ground, made, plan, identity);
    if (plan.port === null) return '';
    if (plan.injected !== undefined) {
      const body = serviceManifest(run, variant.id, name, spec.service.protocol);
      return createService(ground, made, body);
    }
    return `${bracketed(await addressed(ground, namespace, name))}:${plan.port}`;
  };
  const policyServer = needsPolicyServer(variant) ? await create(policyPod(stage.policyLatencyMs)) : null;
  // Sidecars want the policy server when they start.
  if (policyServer !== null) for (const name of plans.keys()) await started(ground, namespace, name);
  let upstream = '';
  for (const pod of podsOf(variant, spec.service, device)) {
    upstream = (await create(pod.plan({ policyServer, upstream }))) || upstream;
  }
  await Promise.all([...plans.keys()].map((name) => started(ground, namespace, name)));
  try {
    return await answering(stage, variant, spec, made, plans, upstream);
  } catch (error) {
    if (!(error instanceof ServerStartError)) throw error;
    throw await withLateEnd(ground, namespace, plans.keys(), error);
  }
}

/** What has started, once it answers. */
async function answering(
  stage: Stage,
  variant: VariantSpec,
  spec: DeploySpec,
  made: Made,
  plans: ReadonlyMap<string, PodPlan>,
  upstream: string,
): Promise<Deployment> {
  const { ground } = stage;
  const { token } = ground;
  const { namespace } = made.home;
  const see = async ([name, plan]: readonly [string, PodPlan]) =>
    known(ground, made, plan, await started(ground, namespace, name));
  const isClient = ([, { side }]: readonly [string, PodPlan]) => side === 'client';
  // The client's first: the machine of whoever is seen first is number 0, which must be the generator's.
  const clients = await Promise.all([...plans].filter(isClient).map(see));
  const behind = await Promise.all([...plans].filter((one) => !isClient(one)).map(see));
  const stood = [...clients, ...behind];
  const [client] = clients;
  if (client === undefined) throw new RangeError('a variant without a client was planned');
  stage.onSeen(variant.id, stood);
  const plan = plans.get(client.name);
  const first = plan?.containers.some(({ port }) => port === PORTS.proxy.listen)
    ? { pod: client.name, port: PORTS.proxy.listen }
    : null;
  const inKernel = plan?.client ?? null;
  const relayed = inKernel?.relay ?? null;
  const entryPod =
    first?.pod ?? (relayed === null ? stood.find(({ side }) => side === 'service') : client)?.name ?? '';
  const entryPort = first?.port ?? relayed?.port ?? PORTS.service.listen;
  const asked = await reached(ground, made, entryPod, entryPort);
  const died = () => stage.whyEnded(variant.id);
  await untilReady(ground, made, plans, died);
  await waitForAnswer(asked.address, spec.service.protocol, died, null);
  return {
    variant: variant.id,
    entry: inKernel?.entry ?? (first === null ? upstream : `127.0.0.1:${first.port}`),
    askedAt: asked.address,
    agents: stood.map(({ agent }) => agent),
    agentToken: token,
    processes: stood.flatMap(({ processes }) => processes),
    client: null,
    settings: settingsOf(variant, client.about.cores),
    forbidden: inKernel?.forbidden ?? null,
    tryConnecting: (address) => connectFromPod(client.agentAt, token, address),
    deathReason: died,
  };
}
