/** A generation: one set of fresh processes of every variant, warmed up and measured at rest. */
import { connect } from 'node:net';
import { ask, type Deployment, type DeploySpec, FORBIDDEN_PATH } from '../cluster/index.js';
import type { EngineTarget } from '../load/index.js';
import { standUpOrder, workloadOf } from '../plan/index.js';
import type { VariantSpec } from '../variants/index.js';
import { grpcMethodOf } from './grpc-method.js';
import { checkParity } from './parity.js';
import { serviceOf } from './service-spec.js';
import { deploymentOf, failVariant, livingVariants, type Session } from './session.js';
import { spokenIn } from './spoken.js';
import { readClocks, windowOf } from './windows.js';

/**
 * Requests that fresh processes serve before anything is measured: enough for several GC cycles of a proxy that
 * allocates a copy buffer per body (at Go's smallest heap, 4 MiB, a cycle comes about every 100 of those).
 */
const WARMUP_REQUESTS = 600;
/** Lets collections started by the warm-up finish before the processes are measured at rest. */
const SETTLE_MS = 50;
/** How long a denial may take. */
const DENIAL_LIMIT_MS = 5000;
/** Length of the stretch without traffic that gives each process's, and the machine's, idle CPU. */
const IDLE_MS = 200;

/** Replaces what stands by fresh processes of every living variant. */
export async function startGeneration(session: Session, replica: number): Promise<void> {
  const { cluster, engine, clock } = session.ports;
  const { schedule } = session.plan;
  session.hooks.onProgress({ type: 'deploying', replica, replicas: schedule.replicas });
  await letIdleGo(session);
  await cluster.teardown([...session.standing.values()]);
  session.standing.clear();
  session.replica = replica;
  session.order = standUpOrder(session.plan, replica);

  for (const spec of deploySpecs(session)) {
    for (const outcome of await cluster.deploy(spec)) {
      if (outcome.state === 'standing') session.standing.set(outcome.deployment.variant, outcome.deployment);
      else failVariant(session, outcome.variant, `did not come up: ${outcome.reason}`);
    }
  }

  const unreachable = await engine.setTargets(
    [...session.standing.values()].map((deployment) => targetOf(session, deployment)),
  );
  for (const [variant, reason] of Object.entries(unreachable)) failVariant(session, variant, reason);
  await holdIdle(session);
  if (session.hooks.signal.aborted) return;
  if (replica === 0) session.parity = await checkParity(session);
  await checkDenials(session);
  await warmUp(session);
  await clock.sleep(SETTLE_MS, session.hooks.signal);
  await measureIdle(session);
}

/** The living variants, those of equal services together. */
function deploySpecs(session: Session): DeploySpec[] {
  const specs = new Map<string, { variants: VariantSpec[]; service: DeploySpec['service'] }>();
  for (const variant of livingVariants(session)) {
    const workload = workloadOf(session.plan, variant.id);
    const service = serviceOf(workload);
    const name = JSON.stringify(service);
    const spec = specs.get(name) ?? { variants: [], service };
    spec.variants.push(variant);
    specs.set(name, spec);
  }
  return [...specs.values()];
}

/** What the engine is told of a variant that stands. */
export function targetOf({ plan }: Session, deployment: Deployment): EngineTarget {
  const workload = workloadOf(plan, deployment.variant);
  return {
    id: deployment.variant,
    address: deployment.entry,
    connections: workload.connections,
    timeoutMs: workload.timeoutMs,
    protocol: spokenIn(workload.protocol),
    ...(deployment.client === null ? {} : { identity: deployment.client }),
    ...(workload.requestBytes === null ? {} : { requestBytes: workload.requestBytes }),
    ...(workload.protocol === 'grpc' ? { grpcMethod: grpcMethodOf(workload) } : {}),
    ...(workload.requests === null
      ? {}
      : { requests: workload.requests.map((one) => ({ ...one, body: one.body?.content ?? null })) }),
    ...(workload.slowClients === null
      ? {}
      : {
          slowConnections: workload.slowClients.connections,
          slowReadBytesPerSecond: workload.slowClients.readBytesPerSecond,
        }),
    connectionPerRequest: workload.connectionPerRequest,
    idleConnections: 0,
    ...processesOf(deployment),
  };
}

/** Whose clocks are read, and by whom: by the engine itself, or by the agents of pods that it cannot see into. */
export function processesOf({
  processes,
  agents,
  agentToken,
}: Deployment): Pick<EngineTarget, 'processes' | 'agents' | 'agentToken'> {
  if (agents === undefined || agentToken === undefined)
    return { processes: processes.map(({ role, pid }) => ({ role, pid })) };
  return { processes: [], agents, agentToken };
}

/** Opens the workload's idle connections to every living variant. */
async function holdIdle(session: Session): Promise<void> {
  for (const variant of livingVariants(session)) {
    const { idleConnections, protocol } = workloadOf(session.plan, variant.id);
    if (idleConnections === 0) continue;
    const { entry: address } = deploymentOf(session, variant.id);
    const target = { id: variant.id, address, protocol: spokenIn(protocol) };
    try {
      session.idle.push(await session.ports.holdIdle(target, idleConnections));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failVariant(session, variant.id, `its ${idleConnections} idle connections could not be had: ${reason}`);
    }
  }
}

/** Closes the idle connections of the generation that stands. */
export async function letIdleGo(session: Session): Promise<void> {
  await Promise.all(session.idle.splice(0).map((idle) => idle.close()));
}

/** A variant with a policy that lets a forbidden request through has no policy, whatever its counters say. */
async function checkDenials(session: Session): Promise<void> {
  for (const variant of livingVariants(session)) {
    const { form } = variant;
    const {
      entry,
      askedAt = entry,
      forbidden,
      client,
      tryConnecting = connectFromHere,
    } = deploymentOf(session, variant.id);
    if (forbidden !== null) {
      const tried = await tryConnecting(forbidden);
      const found = tried === 'denied' ? null : tried === 'accepted' ? 'it was accepted' : tried;
      if (found !== null)
        failVariant(session, variant.id, `a connection that its policy forbids was not denied: ${found}`);
    }
    if (form.type !== 'sidecar' || !form.proxies.some(({ policy }) => ['remote', 'cached'].includes(policy)))
      continue;
    const { protocol } = workloadOf(session.plan, variant.id);
    const answer = await ask(askedAt, protocol, FORBIDDEN_PATH, DENIAL_LIMIT_MS, undefined, client).catch(
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (typeof answer !== 'string' && answer.status === 403) continue;
    const found = typeof answer === 'string' ? answer : `status ${answer.status}`;
    failVariant(session, variant.id, `a request that its policy forbids was not denied: ${found}`);
  }
}

/** `denied` when the kernel refuses a connection to `address` (`host:port`) as its policy says (EPERM); else what came of it. */
function connectFromHere(address: string): Promise<string> {
  const separator = address.lastIndexOf(':');
  const host = address.slice(0, separator).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(separator + 1)), timeout: DENIAL_LIMIT_MS });
    const settle = (found: string) => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => settle('accepted'));
    socket.once('timeout', () => settle('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'EPERM' ? 'denied' : error.message),
    );
  });
}

async function warmUp(session: Session): Promise<void> {
  const orders = livingVariants(session).map((variant) => {
    const seq = session.nextSeq;
    session.nextSeq += 1;
    return {
      seq,
      target: variant.id,
      model: 'closed' as const,
      requests: WARMUP_REQUESTS,
      warmupRequests: 0,
    };
  });
  await session.ports.engine.runSlices(orders, (slice) => {
    if (slice.failed !== null && !session.hooks.signal.aborted) {
      const death = session.standing.get(slice.target)?.deathReason() ?? null;
      failVariant(session, slice.target, death ?? `failed during warm-up: ${slice.failed}`);
    }
  });
}

async function measureIdle(session: Session): Promise<void> {
  const start = await readClocks(session);
  await session.ports.clock.sleep(IDLE_MS, session.hooks.signal);
  const end = await readClocks(session);
  for (const variant of livingVariants(session)) {
    session.sink.append(windowOf(session, variant.id, 'idle', null, 0, start, end));
  }
}
