/** How long a run will take, as far as that can be known before. */
import type { Schedule } from './plan.js';
import { profileMs } from './profiles.js';

/** Measured on two cores: starting the engine, the known-delay control, and checking parity; one generation of processes; a round's edges. */
const START_UP_MS = 3200;
const PER_REPLICA_MS = 700;
const ROUND_EDGES_MS = 250;
/** A cross-check starts its driver anew for each slice. */
const DRIVER_START_MS = 500;

/** Wall time in ms of the whole schedule with so many variants. */
export function estimateMs(schedule: Schedule, variantCount: number): number {
  const { rounds, replicas, micro, long, crossCheck, profiles } = schedule;
  const perRound =
    (micro?.perRoundMs ?? 0) +
    (long === null ? 0 : (long.durationMs + long.warmupMs) * long.blocksPerRound * variantCount) +
    ROUND_EDGES_MS;
  const crossChecks = crossCheck === null ? 0 : Math.floor(rounds / crossCheck.everyRounds);
  const perCrossCheck =
    crossCheck === null ? 0 : (crossCheck.durationMs + crossCheck.warmupMs + DRIVER_START_MS) * variantCount;
  const perReplica =
    PER_REPLICA_MS + (profiles === null ? 0 : profileMs(profiles.durationMs) * profiles.variants.length);
  return START_UP_MS + replicas * perReplica + rounds * perRound + crossChecks * perCrossCheck;
}

/** On a cluster, measured on one of two nodes: pods of the control and the namespaces' end; one generation of pods. */
const CLUSTER_MS = 15_000;
const PODS_PER_REPLICA_MS = 5500;

/** What standing on a cluster adds, in ms; nothing of it is measuring, and none counts against the budget. */
export function clusterMs(
  provider: 'local' | 'kubernetes',
  { replicas }: Pick<Schedule, 'replicas'>,
): number {
  return provider === 'kubernetes' ? CLUSTER_MS + replicas * PODS_PER_REPLICA_MS : 0;
}

/** The most rounds that fit the schedule's budget; 0 when not even one does. */
export function roundsThatFit(schedule: Schedule, variantCount: number): number {
  for (let rounds = schedule.rounds; rounds > 0; rounds--) {
    const replicas = Math.min(schedule.replicas, rounds);
    if (estimateMs({ ...schedule, rounds, replicas }, variantCount) <= schedule.budgetMs) return rounds;
  }
  return 0;
}
