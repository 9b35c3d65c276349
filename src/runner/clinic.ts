/**
 * Looks by clinic: each of its tools at one sidecar of each Node variant, and at autocannon where the scenario has it send. Every
 * look has a slice and fresh processes of its own, and one that goes wrong takes none of the others with it.
 */
import type { Clinic, ClinicLook, ClinicOutcome } from '../clinic/index.js';
import type { Deployment } from '../cluster/index.js';
import type { EngineSlice } from '../load/index.js';
import { PROFILE_WARMUP_MS, workloadOf } from '../plan/index.js';
import { CLINIC_STACKS, type ClinicRecord, type ClinicTool } from '../record/index.js';
import type { VariantSpec } from '../variants/index.js';
import { orderOf } from './blocks.js';
import { targetOf } from './generation.js';
import { serviceOf } from './service-spec.js';
import { livingVariants, type Session } from './session.js';

/** A profiler writes when its program ends; bubbleprof, whose files are the largest, takes seconds for it. */
const END_LIMIT_MS = 90_000;
const END_CHECK_MS = 50;

interface Subject {
  readonly tool: ClinicTool;
  readonly variant: VariantSpec;
  readonly durationMs: number;
}

/** What a slice gave: what was served in it, and why the tool's end was not well. */
interface Looked {
  readonly role: string;
  readonly pid: number;
  readonly startedAtMicros: number;
  readonly requests: number;
  readonly fault: string | null;
}

/** Has every tool look at every living Node variant, one right after the other, and at the generator. */
export async function runClinic(session: Session): Promise<void> {
  const planned = session.plan.schedule.clinic ?? null;
  const { clinic } = session.ports;
  if (planned === null || clinic === null) return;
  const { generatorProcesses } = planned;
  const nodes = livingVariants(session).filter(({ id }) => planned.variants.includes(id));
  for (const { tool, durationMs } of planned.looks) {
    for (const variant of nodes) {
      await lookAt(session, clinic, { tool, variant, durationMs }, variant.id, (look) =>
        sliceOfSidecar(session, { tool, variant, durationMs }, look),
      );
    }
    const [first] = livingVariants(session);
    if (generatorProcesses === null || first === undefined) continue;
    await lookAt(session, clinic, { tool, variant: first, durationMs }, 'autocannon', (look) =>
      sliceOfGenerator(session, { tool, variant: first, durationMs }, look, generatorProcesses),
    );
  }
}

async function lookAt(
  session: Session,
  clinic: Clinic,
  { tool, variant, durationMs }: Subject,
  name: string,
  slice: (look: ClinicLook) => Promise<Looked>,
): Promise<void> {
  const { signal, onProgress } = session.hooks;
  if (signal.aborted) return;
  const { rounds } = session.plan.schedule;
  onProgress({ type: 'round', round: session.round, rounds, part: `clinic ${tool} of ${name}` });
  const line = {
    type: 'clinic',
    tool,
    version: clinic.version,
    variant: variant.id,
    seconds: durationMs / 1000,
  } as const;
  let look: ClinicLook | null = null;
  let record: ClinicRecord;
  try {
    look = clinic.look(tool, name, durationMs);
    const { role, pid, startedAtMicros, requests, fault } = await slice(look);
    if (signal.aborted) return;
    const { stacks, ...outcome }: ClinicOutcome = await look.conclude();
    const said = [fault, outcome.fault].filter((one) => one !== null).join('; ');
    record = { ...line, role, startedAtMicros, requests, ...outcome, fault: said === '' ? null : said };
    if (stacks !== null && role !== 'autocannon') keepStacks(session, record, pid, stacks);
  } catch (error) {
    if (signal.aborted) return;
    const fault = error instanceof Error ? error.message : String(error);
    const startedAtMicros = session.ports.clock.nowMicros();
    const [first = name] = session.ports.cluster.dataPlaneRoles(variant);
    const role = name === variant.id ? first : name;
    record = { ...line, role, startedAtMicros, requests: 0, page: null, findings: null, fault };
  } finally {
    look?.remove();
  }
  session.sink.append(record);
  onProgress({ type: 'clinic', tool, of: name, fault: record.fault });
}

function keepStacks(
  session: Session,
  { tool, variant, role, startedAtMicros, requests }: ClinicRecord,
  pid: number,
  found: NonNullable<ClinicOutcome['stacks']>,
): void {
  const { round, replica } = session;
  const kind = CLINIC_STACKS[tool];
  if (kind === undefined) return;
  session.sink.append({
    ...{ type: 'stacks', kind, round, replica, variant, role, pid, startedAtMicros, requests, found },
  });
}

/** The variant stands anew, with the first sidecar of its path under the tool, and serves a slice of the scenario's load. */
async function sliceOfSidecar(
  session: Session,
  { variant, durationMs }: Subject,
  { startedBy }: ClinicLook,
): Promise<Looked> {
  const deployment = await standAlone(session, variant, startedBy);
  const roles = session.ports.cluster.dataPlaneRoles(variant);
  // They are listed from the service on, so that the first of the path is the last.
  const profiled = deployment.processes.findLast(({ role }) => roles.includes(role));
  if (profiled === undefined) throw new RangeError(`${variant.id} stands without a sidecar`);
  const { role, pid } = profiled;
  const startedAtMicros = session.ports.clock.nowMicros();
  try {
    const { requests, warmupRequests, failed } = await serve(session, variant, durationMs);
    session.ports.interrupt(pid);
    const faults = [failed, await endOf(session, deployment)].filter((one) => one !== null);
    return {
      ...{ role, pid, startedAtMicros, requests: requests + warmupRequests },
      fault: faults.length === 0 ? null : faults.join('; '),
    };
  } finally {
    await session.ports.cluster.teardown([deployment]);
    session.standing.clear();
  }
}

async function standAlone(
  session: Session,
  variant: VariantSpec,
  startedBy: ClinicLook['startedBy'] | null,
): Promise<Deployment> {
  const { cluster, engine } = session.ports;
  await cluster.teardown([...session.standing.values()]);
  session.standing.clear();
  const service = serviceOf(workloadOf(session.plan, variant.id));
  const [outcome] = await cluster.deploy({
    variants: [variant],
    service,
    ...(startedBy === null ? {} : { startedBy }),
  });
  if (outcome?.state !== 'standing')
    throw new Error(`did not come up: ${outcome?.reason ?? 'no reason is known'}`);
  session.standing.set(variant.id, outcome.deployment);
  const unreachable = await engine.setTargets([targetOf(session, outcome.deployment)]);
  const why = unreachable[variant.id];
  if (why !== undefined) throw new Error(why);
  return outcome.deployment;
}

async function serve(session: Session, { id }: VariantSpec, durationMs: number): Promise<EngineSlice> {
  // The engine was told to stop when it had nothing to do.
  if (session.hooks.signal.aborted) throw new Error('interrupted');
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const order = orderOf(session, seq, {
    variant: id,
    // All variants see the same arrivals.
    arrivalSeed: session.plan.schedule.seed + session.replica,
    length: { type: 'duration', durationMs, warmupMs: PROFILE_WARMUP_MS },
  });
  const seen: EngineSlice[] = [];
  await session.ports.engine.runSlices([order], (one) => {
    seen.push(one);
  });
  const [served] = seen;
  if (served === undefined) throw new Error('the slice was not served');
  return served;
}

/** Waits for the tool's end; how it was, where it was not well. */
async function endOf(session: Session, deployment: Deployment): Promise<string | null> {
  const { clock } = session.ports;
  const until = clock.nowMicros() + END_LIMIT_MS * 1000;
  while (deployment.deathReason() === null) {
    if (session.hooks.signal.aborted) return null;
    if (clock.nowMicros() > until) return `it had not ended ${END_LIMIT_MS / 1000} s after it was told to`;
    await clock.sleep(END_CHECK_MS, session.hooks.signal);
  }
  const reason = deployment.deathReason();
  return reason?.includes('ended: exit code 0') === true ? null : reason;
}

/** The variant serves as ever, and one of autocannon's processes is under the tool. */
async function sliceOfGenerator(
  session: Session,
  { variant, durationMs }: Subject,
  { startedBy }: ClinicLook,
  processes: number,
): Promise<Looked> {
  const { entry } = session.standing.get(variant.id) ?? (await standAlone(session, variant, null));
  const { connections, timeoutMs } = workloadOf(session.plan, variant.id);
  const startedAtMicros = session.ports.clock.nowMicros();
  const { requests, fault } = await session.ports.profileAutocannon(startedBy, session.hooks.signal, {
    address: entry,
    connections,
    processes,
    timeoutMs,
    durationMs,
    warmupMs: PROFILE_WARMUP_MS,
  });
  return { role: 'autocannon', pid: 0, startedAtMicros, requests, fault };
}
