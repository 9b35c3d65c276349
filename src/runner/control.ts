/** The known-delay control: before anything is measured, the generator is shown a latency that is known. */
import type { Deployment } from '../cluster/index.js';
import { meanRateOf } from '../load/index.js';
import type { ControlRecord } from '../record/index.js';
import { carriedAs, resolveVariant } from '../variants/index.js';
import { processesOf } from './generation.js';
import { grpcMethodOf } from './grpc-method.js';
import type { Session } from './session.js';
import { spokenIn } from './spoken.js';

/** Long against what a generator adds, short against a run. */
const DELAY_MS = 2;
const DURATION_MS = 800;
const WARMUP_MS = 150;
/** Where the scenario has no rate of its own: a rate that every driver holds, with enough requests for a p99. */
const USUAL_RATE = 500;
/** Share of what its connections can carry that the control asks for, so that no request waits for one. */
const SHARE_OF_CAPACITY = 0.25;
/** What a request takes besides the known delay, generously; only bounds the rate. */
const SLACK_MS = 1;
const ID = 'known-delay';

/** Measures a service that waits `DELAY_MS`, reached directly, and keeps what the driver of long slices tells of it. */
export async function runControl(session: Session): Promise<void> {
  const { cluster, clock } = session.ports;
  session.hooks.onProgress({ type: 'control', delayMs: DELAY_MS });
  const startedAtMicros = clock.nowMicros();
  let deployment: Deployment | null = null;
  try {
    deployment = await standControl(session);
    const seen = await measure(session, deployment);
    if (!session.hooks.signal.aborted) session.sink.append({ ...placeOf(session), ...seen });
  } catch (error) {
    // A driver that died ends the run; a service that did not come up will be told again by the variants themselves.
    if (!(error instanceof ControlUnavailable)) throw error;
    session.sink.append({
      ...placeOf(session),
      offeredRatePerSecond: null,
      startedAtMicros,
      endedAtMicros: clock.nowMicros(),
      requests: 0,
      errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
      latency: null,
      beyondResidence: null,
      failed: error.message,
    });
  } finally {
    if (deployment !== null) await cluster.teardown([deployment]);
  }
}

class ControlUnavailable extends Error {}

function placeOf({
  plan,
}: Session): Pick<ControlRecord, 'type' | 'driver' | 'model' | 'delayMs' | 'crossesLink'> {
  const { load } = plan;
  // loadgen shows its floor by its open loop, which is what latency is judged by.
  const closed = load.driver !== 'loadgen' && load.model === 'closed';
  return {
    type: 'control',
    driver: plan.load.driver,
    model: closed ? 'closed' : 'open',
    delayMs: DELAY_MS,
    // Between pods there always is one.
    crossesLink: plan.topology.nodes === 2 || plan.cluster.provider === 'kubernetes',
  };
}

async function standControl({ plan, ports }: Session): Promise<Deployment> {
  const { workload, topology } = plan;
  const direct = resolveVariant(
    { id: ID, kind: 'direct', options: {}, command: null },
    {
      roles: topology.roles,
      clusterOf: () => '',
      connections: workload.connections,
      protocol: carriedAs(workload.protocol),
    },
  );
  const [outcome] = await ports.cluster.deploy({
    variants: [direct],
    service: {
      protocol: workload.protocol,
      stream: null,
      responseBytes: workload.responseBytes,
      delayMs: DELAY_MS,
      faultRate: 0,
    },
  });
  if (outcome?.state === 'standing') return outcome.deployment;
  throw new ControlUnavailable(`the service did not come up: ${outcome?.reason ?? 'no reason was given'}`);
}

type Measured = Omit<ControlRecord, 'type' | 'driver' | 'model' | 'delayMs' | 'crossesLink'>;

function measure(session: Session, deployment: Deployment): Promise<Measured> {
  const { entry } = deployment;
  switch (session.plan.load.driver) {
    case 'autocannon':
      return measureByAutocannon(session, entry);
    case 'k6':
      return measureByK6(session, entry);
    case 'loadgen':
      return measureByLoadgen(session, deployment);
  }
}

async function measureByLoadgen(session: Session, deployment: Deployment): Promise<Measured> {
  const { entry: address, client } = deployment;
  const { engine } = session.ports;
  const { workload, load } = session.plan;
  const unreachable = await engine.setTargets([
    {
      id: ID,
      address,
      connections: workload.connections,
      timeoutMs: workload.timeoutMs,
      protocol: spokenIn(workload.protocol),
      ...(client === null ? {} : { identity: client }),
      ...(workload.requestBytes === null ? {} : { requestBytes: workload.requestBytes }),
      ...(workload.protocol === 'grpc' ? { grpcMethod: grpcMethodOf({ ...workload, stream: null }) } : {}),
      connectionPerRequest: false,
      idleConnections: 0,
      ...processesOf(deployment),
    },
  ]);
  const reason = unreachable[ID];
  if (reason !== undefined) throw new ControlUnavailable(reason);
  const wanted = load.driver === 'loadgen' && load.model === 'open' ? load.ratePerSecond : USUAL_RATE;
  const capacity = workload.connections / ((DELAY_MS + SLACK_MS) / 1000);
  const kept: Measured[] = [];
  const seq = session.nextSeq;
  session.nextSeq += 1;
  await engine.runSlices(
    [
      {
        seq,
        target: ID,
        model: 'open',
        ratePerSecond: Math.min(wanted, SHARE_OF_CAPACITY * capacity),
        arrivals: 'constant',
        seed: session.plan.schedule.seed,
        durationMs: DURATION_MS,
        warmupMs: WARMUP_MS,
      },
    ],
    ({ startedAtMicros, endedAtMicros, requests, errors, offeredRatePerSecond, ...slice }) => {
      const { latency, beyondResidence, failed } = slice;
      const times = { startedAtMicros, endedAtMicros, offeredRatePerSecond };
      kept.push({ ...times, requests, errors, latency, beyondResidence, failed });
    },
  );
  const [only] = kept;
  if (only === undefined) throw new ControlUnavailable('the generator was stopped');
  return only;
}

async function measureByAutocannon(session: Session, address: string): Promise<Measured> {
  const { autocannon } = session.ports;
  if (autocannon === null) throw new ControlUnavailable('autocannon was not started');
  const { connections, timeoutMs } = session.plan.workload;
  const result = await autocannon.runSlice(
    { address, connections, warmupMs: WARMUP_MS, durationMs: DURATION_MS, timeoutMs },
    async () => undefined,
  );
  const { startedAtMicros, endedAtMicros, requests, errors, latency, failed } = result;
  return {
    startedAtMicros,
    endedAtMicros,
    requests,
    errors,
    latency,
    failed,
    offeredRatePerSecond: null,
    beyondResidence: null,
  };
}

async function measureByK6({ ports }: Session, address: string): Promise<Measured> {
  const { k6 } = ports;
  if (k6 === null) throw new ControlUnavailable('k6 was not started');
  const order = { address, warmupMs: WARMUP_MS, durationMs: DURATION_MS };
  const result = await k6.runSlice(order, async () => undefined);
  const { startedAtMicros, endedAtMicros, requests, errors, latency, failed } = result;
  const times = { startedAtMicros, endedAtMicros, offeredRatePerSecond: meanRateOf(k6.load) };
  return { ...times, requests, errors, latency, failed, beyondResidence: null };
}
