/** From a stored run to a judged one: statistics, then the gate over them. A pure function of the record. */
import { type CalibrationFloor, evaluateGate, exitCode, type FailOn } from '../gate/index.js';
import type { Analysis, RunRecord, StoredRun, Validity } from '../record/index.js';
import { analyse } from '../stats/index.js';
import { type ExitCode, UsageFault } from './outcome.js';

export interface JudgedRun extends StoredRun {
  readonly run: RunRecord & { readonly analysis: Analysis };
  readonly analysis: Analysis;
}

/** Analyses a stored run and applies its gate, whatever analysis the folder holds already. Throws UsageFault for profiles. */
export function judge(folder: StoredRun): JudgedRun {
  if (folder.run.planned.stacks !== undefined) {
    throw new UsageFault([
      `${folder.run.runId} holds profiles, of which nothing was measured: use meshmark report on it`,
    ]);
  }
  const stored = { ...folder, run: withEnd(folder.run) };
  // What failed or could not run stays so; whether the rest was exercised is judged anew.
  const variants = stored.run.variants.map((variant) =>
    variant.status === 'not-exercised' ? { ...variant, status: 'measured' as const, reason: null } : variant,
  );
  const { slices, windows, profiles, controls, steps } = stored;
  const proven = analyse({ ...stored.run, variants }, slices, windows, profiles, controls, steps);
  const validity = withDamage(proven.analysis.validity, stored.damaged.length);
  const gate = evaluateGate(stored.run.planned, proven.analysis.effects, validity, floorOf(stored.run));
  const analysis = { ...proven.analysis, validity, gate };
  return { ...stored, run: { ...stored.run, variants: proven.variants, analysis }, analysis };
}

/** A run that nobody ended says `running` for ever; whoever reads it must know that it is not whole. */
function withEnd(run: RunRecord): RunRecord {
  if (run.state !== 'running') return run;
  return {
    ...run,
    state: 'interrupted',
    stateReason: 'interrupted without a word: the harness was killed, or is still measuring',
  };
}

/** Lines that could not be read are data left out, and whoever reads a verdict must know. */
function withDamage(validity: Validity, damagedLines: number): Validity {
  if (damagedLines === 0) return validity;
  const status = validity.status === 'valid' ? 'suspect' : validity.status;
  return {
    status,
    reasons: [...validity.reasons, `${damagedLines} damaged lines of slices.jsonl were left out`],
  };
}

/**
 * The calibration's floor scaled to this run's length: the error of a mean falls with the square root of the time
 * spent on it. Empty where the machine has not been calibrated.
 */
export function floorOf(run: RunRecord): CalibrationFloor {
  if (run.floor === null || run.finishedAt === null) return {};
  const seconds = (Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000;
  if (seconds <= 0) return {};
  const share = run.floor.smallestDecidable * Math.sqrt(run.floor.seconds / seconds);
  return { 'cpu.per_request': 1 + share };
}

/** Why a run is not fit to be compared with later: it has no end, or is invalid; null where nothing speaks against it. */
export function whyNotKept(run: RunRecord, { validity }: Analysis): string | null {
  if (run.state !== 'finished')
    return `the run is ${run.state}: ${run.stateReason ?? 'no reason was recorded'}`;
  if (validity.status !== 'invalid') return null;
  return `the run is invalid: ${validity.reasons[0] ?? 'no reason was recorded'}`;
}

/** The exit code of a judged run. `failOn` other than `regression` means that a missing verdict fails too. */
export function gateExitCode(judged: JudgedRun, failOn: string): ExitCode {
  const { gate, validity } = judged.analysis;
  return exitCode(gate, validity, judged.run.variants, strictnessOf(failOn));
}

/** What `--fail-on` says. */
export function strictnessOf(failOn: string): FailOn {
  return failOn === 'regression' ? 'regression' : 'undecided';
}
