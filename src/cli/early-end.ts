/** Ending a run as soon as its gate is decided, or its budget is spent. */
import { isDecided } from '../gate/index.js';
import type { Look, RunEnding, RunRecord, SliceRecord, WindowRecord } from '../record/index.js';
import type { RunnerHooks, RunnerSink } from '../runner/index.js';
import { lookAfter } from '../stats/index.js';
import { calibrationFloor } from './judge.js';

export interface EarlyEnd {
  /** The sink, which now keeps what looks are taken at. */
  readonly sink: RunnerSink;
  readonly decide: RunnerHooks['decide'];
  /** Why the runner was told to stop; null when it was not. */
  why(): Extract<RunEnding['why'], 'decided' | 'budget'> | null;
}

/**
 * Takes a look whenever so many whole sets of fresh processes have ended as the plan says, and stops the run when no
 * question of its gate is open. Looks are computed between rounds, when nothing is measured.
 */
export function endEarly(run: RunRecord, budgetMs: number, sink: RunnerSink): EarlyEnd {
  const slices: SliceRecord[] = [];
  const windows: WindowRecord[] = [];
  const looks: Look[] = [];
  const watched = run.planned.looks !== undefined;
  let reason: ReturnType<EarlyEnd['why']> = null;

  const gateIsDecided = (replicas: number, failures: ReadonlyMap<string, string>, elapsedMs: number) => {
    if (!watched || looks.some((look) => look.replicas === replicas)) return false;
    const variants = run.variants.map((variant) =>
      failures.has(variant.id) ? { ...variant, status: 'failed' as const } : variant,
    );
    const look = lookAfter({ ...run, variants }, slices, windows, replicas, looks);
    if (look === null) return false;
    looks.push(look);
    const gone = new Set(variants.filter(({ status }) => status !== 'measured').map(({ id }) => id));
    return isDecided(look, gone, run.planned.gate, calibrationFloor(run.floor, elapsedMs / 1000));
  };

  return {
    sink: {
      append: (line) => {
        if (watched && line.type === 'slice') slices.push(line);
        if (watched && line.type === 'window') windows.push(line);
        sink.append(line);
      },
      sync: () => sink.sync(),
    },
    decide: ({ replicasDone, failures, elapsedMs }) => {
      if (gateIsDecided(replicasDone, failures, elapsedMs)) reason = 'decided';
      else if (elapsedMs >= budgetMs) reason = 'budget';
      return reason === null ? 'continue' : 'stop';
    },
    why: () => reason,
  };
}
