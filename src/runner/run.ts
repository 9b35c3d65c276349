/** The main loop: rounds of slices on generations of fresh processes, until planned, decided or interrupted. */
import type { Plan } from '../plan/index.js';
import type { ParityFinding } from '../record/index.js';
import { runCrossCheckBlock, runLongBlock, runMicroPart } from './blocks.js';
import { runClinic } from './clinic.js';
import { runControl } from './control.js';
import { letIdleGo, startGeneration } from './generation.js';
import { runProfiles } from './profiles.js';
import {
  livingVariants,
  type RunnerHooks,
  type RunnerPorts,
  type RunnerSink,
  type Session,
} from './session.js';
import { runStacks } from './stacks.js';
import { runStepRound } from './steps.js';

export interface RunOutcome {
  readonly state: 'finished' | 'interrupted';
  readonly roundsDone: number;
  /** Whole sets of fresh processes that served all their rounds. */
  readonly replicasDone: number;
  /** Why a variant took no further part, by variant id. */
  readonly failures: ReadonlyMap<string, string>;
  readonly parity: readonly ParityFinding[];
}

/**
 * Measures a plan. Every slice and window goes to the sink as soon as it has ended; at a round's end the sink is made
 * durable and `decide` is asked. The caller tears the cluster down. Throws EnvironmentFault when the engine dies, and
 * whatever the sink throws.
 */
export async function executeRun(
  plan: Plan,
  ports: RunnerPorts,
  sink: RunnerSink,
  hooks: RunnerHooks,
): Promise<RunOutcome> {
  const session: Session = {
    plan,
    ports,
    sink,
    hooks,
    standing: new Map(),
    idle: [],
    failures: new Map(),
    order: plan.variants,
    parity: [],
    replica: -1,
    round: 0,
    nextSeq: 0,
    nextBlock: 0,
  };
  const stopEngine = () => ports.engine.stop();
  hooks.signal.addEventListener('abort', stopEngine);
  const startedAtMicros = ports.clock.nowMicros();
  let roundsDone = 0;
  try {
    // A profile tells no latency, so that nobody asks what the generator adds to one.
    if (plan.schedule.stacks == null) await runControl(session);
    while (roundsDone < plan.schedule.rounds && !hooks.signal.aborted) {
      session.round = roundsDone;
      if (!(await runRound(session))) break;
      if (hooks.signal.aborted) break;
      sink.sync();
      roundsDone += 1;
      if (livingVariants(session).length === 0) break;
      const elapsedMs = (ports.clock.nowMicros() - startedAtMicros) / 1000;
      const replicasDone = wholeReplicas(plan, roundsDone);
      if (hooks.decide({ roundsDone, replicasDone, failures: session.failures, elapsedMs }) === 'stop') break;
    }
  } finally {
    hooks.signal.removeEventListener('abort', stopEngine);
    await letIdleGo(session);
    sink.sync();
  }
  return {
    state: hooks.signal.aborted ? 'interrupted' : 'finished',
    roundsDone,
    replicasDone: wholeReplicas(plan, roundsDone),
    failures: session.failures,
    parity: session.parity,
  };
}

/** False when there is nothing left to measure. */
async function runRound(session: Session): Promise<boolean> {
  const { schedule } = session.plan;
  const { onProgress, signal } = session.hooks;
  const progress = (part: string) =>
    onProgress({ type: 'round', round: session.round, rounds: schedule.rounds, part });
  const replica = replicaOf(session.round, schedule.rounds, schedule.replicas);
  if (replica !== session.replica) await startGeneration(session, replica);
  if (signal.aborted) return true;
  if (schedule.stacks != null) {
    await runStacks(session);
    // Its pages are looked at one by one, not added up: one of each will do.
    if (session.round === 0) await runClinic(session);
    return true;
  }
  if (schedule.steps != null) {
    progress('steps');
    return runStepRound(session);
  }
  if (schedule.micro !== null) {
    progress('short slices');
    await runMicroPart(session);
  }
  for (let block = 0; block < (schedule.long?.blocksPerRound ?? 0) && !signal.aborted; block += 1) {
    progress('long slices');
    await runLongBlock(session);
  }
  if (signal.aborted) return true;
  progress('cross-check');
  await runCrossCheckBlock(session);
  const lastOfReplica = replicaOf(session.round + 1, schedule.rounds, schedule.replicas) !== replica;
  if (schedule.profiles === null || !lastOfReplica || signal.aborted) return true;
  progress('CPU profiles');
  await runProfiles(session);
  return true;
}

function wholeReplicas({ schedule }: Plan, roundsDone: number): number {
  return replicaOf(roundsDone, schedule.rounds, schedule.replicas);
}

/** Rounds are spread over the replicas as evenly as they go, neighbours in time on the same one. */
export function replicaOf(round: number, rounds: number, replicas: number): number {
  return Math.floor((round * replicas) / rounds);
}
