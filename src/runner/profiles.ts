/**
 * CPU profiles of the variants that speak TLS, each in a slice of its own under the scenario's load. A profile costs
 * what it measures about 1 %, so it lies outside everything that is measured: at a replica's end, after which its
 * processes are replaced.
 */
import { livingVariants, type Session } from './session.js';
import { askUnderLoad } from './under-load.js';

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
  const { readCpuShares } = session.ports;
  const asked = await askUnderLoad(session, variant, durationMs, ({ admin }) =>
    admin?.type === 'snapshot' ? readCpuShares(admin.address, durationMs / 1000, session.hooks.signal) : null,
  );
  for (const { role, pid, answer } of asked?.answers ?? []) {
    if (asked === null || answer === null) continue;
    session.sink.append({
      ...answer,
      type: 'profile',
      round: session.round,
      variant,
      replica: session.replica,
      role,
      pid,
      startedAtMicros: asked.startedAtMicros,
      requests: asked.requests,
    });
  }
}
