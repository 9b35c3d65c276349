/**
 * Proof: a planted regression is found and its absence is not. Measures what `plain` costs, plants that share of it as
 * CPU burnt per request (`--percent 10`), and runs as often as asked (`--runs 10`) with it and without it.
 * Found means: verdict `worse` and exit code 1.
 */
import { burnFor, burningScenario, measurePlanting, plantingText } from './planting.js';
import { effectOf, effectText, numberOption, runOnce } from './repeated-runs.js';

const runs = numberOption('runs', 10);
const percent = numberOption('percent', 10);
const firstSeed = numberOption('seed', 2000);
async function series(burnMicros: number, seed: number): Promise<{ found: number; longestSeconds: number }> {
  let found = 0;
  let longestSeconds = 0;
  for (let index = 0; index < runs; index += 1) {
    const { run, exitCode, wallSeconds } = await runOnce(burningScenario(burnMicros), seed + index);
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

const planting = await measurePlanting(firstSeed - 1);
const burnMicros = burnFor(planting, percent);
console.log(`${plantingText(planting)}; ${burnMicros.toFixed(1)} µs are burnt for +${percent} %`);

const withBurn = await series(burnMicros, firstSeed);
const without = await series(0, firstSeed + 500);
const longest = Math.max(withBurn.longestSeconds, without.longestSeconds).toFixed(1);
console.log(
  `planted +${percent} %: found in ${withBurn.found} of ${runs} runs of at most ${longest} s; 0 µs called worse in ${without.found} of ${runs}`,
);
process.exitCode = withBurn.found >= Math.ceil(runs * 0.9) && without.found === 0 ? 0 : 1;
