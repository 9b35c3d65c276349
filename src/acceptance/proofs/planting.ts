/** Planting a regression of a known size: CPU burnt per request in the first sidecar. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../command-line.js';
import { effectOf, runOnce } from './repeated-runs.js';

const template = readFileSync(join(checkout, 'scenarios', 'planted.yaml'), 'utf8');

/** `scenarios/planted.yaml` with this many microseconds burnt per request. */
export function burningScenario(burnMicros: number): string {
  const text = template.replace(/testBurnMicros: [\d.]+/, `testBurnMicros: ${burnMicros.toFixed(2)}`);
  if (!text.includes(burnMicros.toFixed(2)))
    throw new Error('scenarios/planted.yaml has no testBurnMicros to set');
  return text;
}

export interface Planting {
  /** CPU per request of `plain`, in µs. */
  readonly plainMicros: number;
  /** What was burnt in the trial, and by how much that made a request dearer, in µs. */
  readonly triedMicros: number;
  readonly dearerMicros: number;
  /** What to burn for a share of plain's CPU per request, in µs. */
  readonly burnFor: (percent: number) => number;
}

/**
 * Measures what to burn here. A burn delays the requests behind it, which costs more than the burn: one run with `percent`
 * shows how much, and scales it so that what is planted is the asked share of CPU and not of intention.
 */
export async function measurePlanting(percent: number, seed: number): Promise<Planting> {
  const control = await runOnce(burningScenario(0), seed);
  const plainMicros = control.run.analysis?.levels.find(
    (level) => level.variant === 'plain' && level.metric === 'cpu.per_request',
  )?.value;
  if (plainMicros === null || plainMicros === undefined)
    throw new Error('the control run has no CPU per request');
  const triedMicros = (plainMicros * percent) / 100;
  const trial = await runOnce(burningScenario(triedMicros), seed - 1);
  const dearerMicros = effectOf(trial.run, 'cpu.per_request', 'burning').difference ?? triedMicros;
  const scale = triedMicros / dearerMicros;
  return {
    plainMicros,
    triedMicros,
    dearerMicros,
    burnFor: (share) => ((plainMicros * share) / 100) * scale,
  };
}
