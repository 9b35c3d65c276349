/**
 * CPU profiles of the variants that speak TLS, each in a slice of its own under the scenario's load. A profile costs
 * what it measures about 1 %, so it lies outside everything that is measured: at a replica's end, after which its
 * processes are replaced.
 */
import type { EngineSlice } from '../load/index.js';
import { PROFILE_TAIL_MS, PROFILE_WARMUP_MS } from '../plan/index.js';
import { orderOf } from './blocks.js';
import { deploymentOf, failVariant, livingVariants, type Session } from './session.js';

/** Profiles every variant of the plan's choice that still lives. */
export async function runProfiles(session: Session): Promise<void> {
  const { profiles } = session.plan.schedule;
  if (profiles === null) return;
  for (const { id } of livingVariants(session)) {
    if (session.hooks.signal.aborted) return;
    if (profiles.variants.includes(id)) await profileVariant(session, id, profiles.durationMs);
  }
}

async function profileVariant(session: Session, variant: string, durationMs: number): Promise<void> {
  const { cluster, clock, engine, readCpuShares } = session.ports;
  const { signal } = session.hooks;
  const spec = session.plan.variants.find(({ id }) => id === variant);
  const roles = spec === undefined ? [] : cluster.dataPlaneRoles(spec);
  const processes = deploymentOf(session, variant).processes.flatMap(({ role, pid, admin }) =>
    admin?.type === 'snapshot' && roles.includes(role) ? [{ role, pid, address: admin.address }] : [],
  );
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const order = orderOf(session, seq, {
    variant,
    // All variants of a replica see the same arrivals.
    arrivalSeed: session.plan.schedule.seed + session.replica,
    length: {
      type: 'duration',
      durationMs: durationMs + PROFILE_TAIL_MS,
      warmupMs: PROFILE_WARMUP_MS,
    },
  });
  const seen: EngineSlice[] = [];
  const slice = engine.runSlices([order], (one) => {
    seen.push(one);
  });
  const ask = async () => {
    // The profile starts within the load, a little after its warm-up.
    await clock.sleep(PROFILE_WARMUP_MS + PROFILE_TAIL_MS / 4, signal);
    const startedAtMicros = clock.nowMicros();
    const shares = await Promise.all(
      processes.map(({ address }) => readCpuShares(address, durationMs / 1000, signal)),
    );
    return { startedAtMicros, shares };
  };
  const [{ startedAtMicros, shares }] = await Promise.all([ask(), slice]);
  const [served] = seen;
  if (signal.aborted || served === undefined) return;
  if (served.failed !== null) {
    const death = session.standing.get(variant)?.deathReason() ?? null;
    failVariant(session, variant, death ?? `stopped answering: ${served.failed}`);
    return;
  }
  processes.forEach(({ role, pid }, index) => {
    const own = shares[index] ?? null;
    if (own === null) return;
    session.sink.append({
      ...own,
      type: 'profile',
      round: session.round,
      variant,
      replica: session.replica,
      role,
      pid,
      startedAtMicros,
      requests: served.requests,
    });
  });
}
