/** Many runs of one scenario through the real command line, for proofs of how often a verdict is right. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Effect, type MetricName, type RunRecord, readRun } from '../../record/index.js';
import { meshmark, scenarioFile, scratchFolder } from '../command-line.js';

export interface FinishedRun {
  readonly exitCode: number | null;
  readonly run: RunRecord;
  readonly wallSeconds: number;
}

/** Runs a scenario text once with a seed. Throws when it ended by a fault rather than with a verdict. */
export async function runOnce(scenarioText: string, seed: number): Promise<FinishedRun> {
  const folder = scratchFolder();
  const out = join(folder, 'run');
  const started = performance.now();
  const ended = await meshmark(['run', scenarioFile(scenarioText), '--seed', String(seed), '--out', out]);
  const wallSeconds = (performance.now() - started) / 1000;
  if (ended.exitCode === null || ended.exitCode === 2 || ended.exitCode >= 4) {
    throw new Error(`run with seed ${seed} ended with ${ended.exitCode ?? ended.signal}:\n${ended.stderr}`);
  }
  const { run } = readRun(out);
  rmSync(folder, { recursive: true });
  return { exitCode: ended.exitCode, run, wallSeconds };
}

/** The effect of a metric and candidate that decides. Throws when the run has none. */
export function effectOf(
  run: RunRecord,
  metric: MetricName,
  candidate: string,
  baseline: string | null = null,
): Effect {
  const effect = run.analysis?.effects.find(
    (one) =>
      one.metric === metric &&
      one.candidate === candidate &&
      (baseline === null || one.baseline === baseline),
  );
  if (effect === undefined) throw new Error(`no effect on ${metric} of ${candidate}`);
  return effect;
}

/** An effect as `+2.1 % [−0.3, +4.6]`. */
export function effectText(effect: Effect): string {
  const { ratio, low, high } = effect;
  if (ratio === null || low === null || high === null) return effect.reason ?? 'no figure';
  return `${percent(ratio)} % [${percent(low)}, ${percent(high)}]`;
}

function percent(ratio: number): string {
  const value = (ratio - 1) * 100;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

/** The number after `--name`, or the default. */
export function numberOption(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return fallback;
  const value = Number(process.argv[at + 1]);
  if (!Number.isFinite(value)) throw new RangeError(`--${name} needs a number`);
  return value;
}
