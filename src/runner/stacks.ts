/** Rounds of a profile run: each kind of call stack of each variant, in a slice of its own. */
import type { StackKind } from '../record/index.js';
import { livingVariants, type Session } from './session.js';
import { askUnderLoad } from './under-load.js';

/** Looks at every kind in every living variant; the variants of a kind come right after one another. */
export async function runStacks(session: Session): Promise<void> {
  const { stacks } = session.plan.schedule;
  for (const { kind, durationMs } of stacks?.looks ?? []) {
    for (const { id } of livingVariants(session)) {
      if (session.hooks.signal.aborted) return;
      const { rounds } = session.plan.schedule;
      session.hooks.onProgress({ type: 'round', round: session.round, rounds, part: `${kind} of ${id}` });
      await lookAt(session, id, kind, durationMs);
    }
  }
}

async function lookAt(session: Session, variant: string, kind: StackKind, durationMs: number): Promise<void> {
  const { readStacks, readPerfStacks } = session.ports;
  const { signal } = session.hooks;
  const seconds = durationMs / 1000;
  const asked = await askUnderLoad(session, variant, durationMs, ({ pid, admin }) => {
    if (kind === 'perf-cpu') return readPerfStacks(pid, seconds, signal);
    if (admin?.type !== 'snapshot') return null;
    return readStacks(admin.address, kind, seconds, signal).then((found) => ({ found, note: null }));
  });
  if (asked === null) return;
  for (const { role, pid, answer } of asked.answers) {
    const { found, note } = answer;
    const lookedMs = (found?.seconds ?? 0) * 1000;
    session.sink.append({
      type: 'stacks',
      kind,
      round: session.round,
      replica: session.replica,
      variant,
      role,
      pid,
      startedAtMicros: asked.startedAtMicros,
      requests: (asked.requests * lookedMs) / asked.sliceMs,
      found,
      ...(note === null ? {} : { note }),
    });
  }
}
