/** From a stored run to a judged one: statistics, then the gate over them. A pure function of the record. */
import { join } from 'node:path';
import {
  type CalibrationFloor,
  evaluateGate,
  exitCode,
  type FailOn,
  withConfirmation,
} from '../gate/index.js';
import {
  type Analysis,
  CONFIRMATION_FOLDER,
  type Confirmation,
  type NoiseFloor,
  RecordError,
  type RunRecord,
  readRun,
  type StoredRun,
  type Validity,
} from '../record/index.js';
import { analyse } from '../stats/index.js';
import { decidableOf } from './calibration.js';
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
  const { effects, looks } = proven.analysis;
  const seconds = secondsOf(stored.run);
  const floor = calibrationFloor(stored.run.floor, seconds ?? 0);
  const found = evaluateGate(stored.run.planned, effects, validity, floor, looks, seconds);
  const gate = withConfirmation(found, stored.run.confirmation);
  const analysis = { ...proven.analysis, validity, gate };
  return { ...stored, run: { ...stored.run, variants: proven.variants, analysis }, analysis };
}

/**
 * Judges the run of a folder, and first the run within it that was to confirm a regression. Where only that one's
 * folder is gone, what the run's own record says of it stands. Throws RecordError and UsageFault.
 */
export function judgeFolder(directory: string, stored: StoredRun = readRun(directory)): JudgedRun {
  const confirmation = stored.run.confirmation && readConfirmation(directory);
  return judge(confirmation == null ? stored : { ...stored, run: { ...stored.run, confirmation } });
}

function readConfirmation(directory: string): Confirmation | null {
  try {
    return confirmationIn(judge(readRun(join(directory, CONFIRMATION_FOLDER))));
  } catch (fault) {
    if (fault instanceof RecordError && fault.code === 'RECORD_NOT_A_RUN') return null;
    throw fault;
  }
}

/** What a record says of the run that was to confirm it. */
export function confirmationIn({ run, analysis }: JudgedRun): Confirmation {
  return { seed: run.seed, ending: run.ending ?? null, validity: analysis.validity, gate: analysis.gate };
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

/** How long a run took; null where it did not end. */
function secondsOf({ createdAt, finishedAt }: RunRecord): number | null {
  if (finishedAt === null) return null;
  const seconds = (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000;
  return seconds > 0 ? seconds : null;
}

/**
 * The calibration's floor scaled to a run of `seconds`: the error of a mean falls with the square root of the time
 * spent on it. Empty where the machine has not been calibrated.
 */
export function calibrationFloor(floor: NoiseFloor | null, seconds: number): CalibrationFloor {
  if (floor === null || !(seconds > 0)) return {};
  const longer = Math.sqrt(floor.seconds / seconds);
  return Object.fromEntries(
    Object.entries(decidableOf(floor)).map(([metric, share]) => [metric, 1 + share * longer]),
  );
}

/** The floor that holds for a run by its own length; empty where it has none or did not end. */
export function floorOf(run: RunRecord): CalibrationFloor {
  return calibrationFloor(run.floor, secondsOf(run) ?? 0);
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
