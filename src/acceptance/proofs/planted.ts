/**
 * Proof: a planted regression is found and its absence is not. Measures what `plain` costs, plants that share of it as
 * CPU burnt per request (`--percent 10`), and runs as often as asked (`--runs 10`) with it and without it.
 * Found means: verdict `worse` and exit code 1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../command-line.js';
import { effectOf, effectText, numberOption, runOnce } from './repeated-runs.js';

const runs = numberOption('runs', 10);
const percent = numberOption('percent', 10);
const firstSeed = numberOption('seed', 2000);
const template = readFileSync(join(checkout, 'scenarios', 'planted.yaml'), 'utf8');

/** The scenario with this many microseconds burnt per request. */
function planted(burnMicros: number): string {
  const text = template.replace(/testBurnMicros: [\d.]+/, `testBurnMicros: ${burnMicros.toFixed(2)}`);
  if (!text.includes(burnMicros.toFixed(2)))
    throw new Error('scenarios/planted.yaml has no testBurnMicros to set');
  return text;
}

async function series(burnMicros: number, seed: number): Promise<{ found: number; longestSeconds: number }> {
  let found = 0;
  let longestSeconds = 0;
  for (let index = 0; index < runs; index += 1) {
    const { run, exitCode, wallSeconds } = await runOnce(planted(burnMicros), seed + index);
    const effect = effectOf(run, 'cpu.per_request', 'burning');
    longestSeconds = Math.max(longestSeconds, wallSeconds);
    if (effect.verdict === 'worse' && exitCode === 1) found += 1;
    console.log(
      `${burnMicros.toFixed(1)} µs, run ${index + 1} of ${runs}, ${wallSeconds.toFixed(1)} s: ${effectText(effect)}, ` +
        `${effect.difference?.toFixed(1) ?? '–'} µs, ${effect.verdict}, exit ${exitCode}`,
    );
  }
  return { found, longestSeconds };
}

const control = await runOnce(planted(0), firstSeed - 1);
const plainMicros = control.run.analysis?.levels.find(
  (level) => level.variant === 'plain' && level.metric === 'cpu.per_request',
)?.value;
if (plainMicros === null || plainMicros === undefined)
  throw new Error('the control run has no CPU per request');
// A burn delays the requests behind it, which costs more than the burn: one run shows how much, and scales it so
// that what is planted is the asked share of CPU and not of intention.
const targetMicros = (plainMicros * percent) / 100;
const trial = await runOnce(planted(targetMicros), firstSeed - 2);
const trialMicros = effectOf(trial.run, 'cpu.per_request', 'burning').difference ?? targetMicros;
const burnMicros = targetMicros * (targetMicros / trialMicros);
console.log(
  `plain costs ${plainMicros.toFixed(1)} µs per request; burning ${targetMicros.toFixed(1)} µs made it ` +
    `${trialMicros.toFixed(1)} µs dearer, so ${burnMicros.toFixed(1)} µs are burnt for +${percent} %`,
);

const withBurn = await series(burnMicros, firstSeed);
const without = await series(0, firstSeed + 500);
const longest = Math.max(withBurn.longestSeconds, without.longestSeconds).toFixed(1);
console.log(
  `planted +${percent} %: found in ${withBurn.found} of ${runs} runs of at most ${longest} s; 0 µs called worse in ${without.found} of ${runs}`,
);
process.exitCode = withBurn.found >= Math.ceil(runs * 0.9) && without.found === 0 ? 0 : 1;
