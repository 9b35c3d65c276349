/**
 * Asking the processes of a variant something that takes a while, in a slice of its own under the scenario's load. Nothing
 * of such a slice is measured.
 */
import type { DeployedProcess } from '../cluster/index.js';
import type { EngineSlice } from '../load/index.js';
import { PROFILE_TAIL_MS, PROFILE_WARMUP_MS } from '../plan/index.js';
import { orderOf } from './blocks.js';
import { deploymentOf, failVariant, type Session } from './session.js';

export interface AskedUnderLoad<T> {
  readonly startedAtMicros: number;
  /** Requests of the slice, which is `sliceMs` long. */
  readonly requests: number;
  readonly sliceMs: number;
  /** One for each process of the data plane that answers. */
  readonly answers: readonly { readonly role: string; readonly pid: number; readonly answer: T }[];
}

/**
 * Asks every data-plane process of the variant at once; `ask` takes `durationMs`, and is null of a process that cannot be asked.
 * Null when the run was aborted, or the variant failed, which is noted.
 */
export async function askUnderLoad<T>(
  session: Session,
  variant: string,
  durationMs: number,
  ask: (process: DeployedProcess) => Promise<T> | null,
): Promise<AskedUnderLoad<T> | null> {
  const { cluster, clock, engine } = session.ports;
  const { signal } = session.hooks;
  const spec = session.plan.variants.find(({ id }) => id === variant);
  const roles = spec === undefined ? [] : cluster.dataPlaneRoles(spec);
  const processes = deploymentOf(session, variant).processes.filter(({ role }) => roles.includes(role));
  const seq = session.nextSeq;
  session.nextSeq += 1;
  const sliceMs = durationMs + PROFILE_TAIL_MS;
  const order = orderOf(session, seq, {
    variant,
    // All variants of a replica see the same arrivals.
    arrivalSeed: session.plan.schedule.seed + session.replica,
    length: { type: 'duration', durationMs: sliceMs, warmupMs: PROFILE_WARMUP_MS },
  });
  const seen: EngineSlice[] = [];
  const slice = engine.runSlices([order], (one) => {
    seen.push(one);
  });
  const asked = async () => {
    // The question starts within the load, a little after its warm-up.
    await clock.sleep(PROFILE_WARMUP_MS + PROFILE_TAIL_MS / 4, signal);
    const startedAtMicros = clock.nowMicros();
    const answers = await Promise.all(
      processes.map(async (process) => {
        const { role, pid } = process;
        const answer = ask(process);
        return answer === null ? [] : [{ role, pid, answer: await answer }];
      }),
    );
    return { startedAtMicros, answers: answers.flat() };
  };
  const [answered] = await Promise.all([asked(), slice]);
  const [served] = seen;
  if (signal.aborted || served === undefined) return null;
  if (served.failed !== null) {
    const death = session.standing.get(variant)?.deathReason() ?? null;
    failVariant(session, variant, death ?? `stopped answering: ${served.failed}`);
    return null;
  }
  return { ...answered, requests: served.requests, sliceMs };
}
