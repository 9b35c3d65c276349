/** A judged run gated against one that was kept: only where both are of one machine and asked the same. */
import { type CalibrationFloor, evaluateAgainstStored } from '../gate/index.js';
import { scenarioDigest } from '../history/index.js';
import type { Analysis, GateResult, RunRecord } from '../record/index.js';
import { BaselineFault, type Baselines, type StoredBaseline } from './store.js';

export type AgainstStored =
  | { readonly state: 'judged'; readonly baseline: StoredBaseline; readonly gate: readonly GateResult[] }
  /** Nothing that a figure could be compared with; one sentence with the reason and the mend. */
  | { readonly state: 'refused'; readonly reason: string };

/**
 * Gates a run against the newest baseline of a name. Refused where that is of another machine or scenario, or the run has
 * nothing to gate. Throws BaselineFault where the store has no baseline of that name that can be read.
 */
export function againstStored(
  run: RunRecord & { readonly analysis: Analysis },
  name: string,
  { baselines, damaged }: Baselines,
  floor: CalibrationFloor,
): AgainstStored {
  const named = baselines.filter((one) => one.name === name);
  if (named.length === 0) throw new BaselineFault(missing(name, { baselines, damaged }));
  const sameScenario = named.filter((one) => scenarioDigest(one.run) === scenarioDigest(run));
  const [other] = sameScenario;
  if (other === undefined) {
    return refused(
      `${name} is of another scenario, or of one that has changed since: save a run of this one with \`meshmark baseline save\``,
    );
  }
  const baseline = sameScenario.findLast((one) => one.run.machine.fingerprint === run.machine.fingerprint);
  if (baseline === undefined) {
    const { machine } = other.run;
    return refused(
      `${name} was measured on another machine (${machine.hostname}, ${machine.cpuModel}, ${machine.cores} cores, kernel ${machine.kernel}; fingerprint ${machine.fingerprint}, and this run's is ${run.machine.fingerprint}), so that its figures say nothing about this one: ${rebuild(other.commit)}`,
    );
  }
  if (run.planned.gate.length === 0) return refused('the scenario has no gate, so that nothing could fail');
  const stored = baseline.run.analysis;
  if (stored === null) return refused(`${name} has no figures: it was not judged`);
  if (run.analysis.validity.status === 'invalid') {
    return refused(`the run is invalid: ${run.analysis.validity.reasons[0] ?? 'no reason was recorded'}`);
  }
  return {
    state: 'judged',
    baseline,
    gate: evaluateAgainstStored(run.planned, stored.levels, run.analysis.levels, name, floor),
  };
}

function refused(reason: string): AgainstStored {
  return { state: 'refused', reason };
}

function rebuild(commit: string | null): string {
  return `measure both versions here instead, with \`meshmark gate SCENARIO --against git:${commit ?? 'REF'}\``;
}

function missing(name: string, { baselines, damaged }: Baselines): string {
  const names = [...new Set(baselines.map((one) => one.name))];
  const broken = damaged.map(({ file, reason }) => `${file} cannot be read (${reason})`);
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  return `there is no baseline ${JSON.stringify(name)}: ${[there, ...broken].join('; ')}; keep one with \`meshmark baseline save RUN --name NAME\``;
}
