/** From a stored run to a judged one: statistics, then the gate over them. A pure function of the record. */
import { evaluateGate, exitCode, type FailOn } from '../gate/index.js';
import type { Analysis, RunRecord, StoredRun } from '../record/index.js';
import { analyse } from '../stats/index.js';
import type { ExitCode } from './outcome.js';

export interface JudgedRun extends StoredRun {
  readonly run: RunRecord & { readonly analysis: Analysis };
  readonly analysis: Analysis;
}

/** Analyses a stored run and applies its gate, whatever analysis the folder holds already. */
export function judge(stored: StoredRun): JudgedRun {
  // What failed or could not run stays so; whether the rest was exercised is judged anew.
  const variants = stored.run.variants.map((variant) =>
    variant.status === 'not-exercised' ? { ...variant, status: 'measured' as const, reason: null } : variant,
  );
  const proven = analyse({ ...stored.run, variants }, stored.slices, stored.windows);
  const { effects, validity } = proven.analysis;
  const analysis = { ...proven.analysis, gate: evaluateGate(stored.run.planned, effects, validity) };
  return { ...stored, run: { ...stored.run, variants: proven.variants, analysis }, analysis };
}

/** The exit code of a judged run. `failOn` other than `regression` means that a missing verdict fails too. */
export function gateExitCode(judged: JudgedRun, failOn: string): ExitCode {
  const strictness: FailOn = failOn === 'regression' ? 'regression' : 'undecided';
  return exitCode(judged.analysis.gate, judged.analysis.validity, judged.run.variants, strictness);
}
