/**
 * Proof: `plain` against itself is not called different. Runs `scenarios/a-a.yaml` with as many seeds as asked
 * (`--runs 40`) and fails when more than 5 % of the runs, and more than one, call a gated metric better or worse.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../command-line.js';
import { effectText, numberOption, runOnce } from './repeated-runs.js';

const runs = numberOption('runs', 40);
const firstSeed = numberOption('seed', 1000);
const scenario = readFileSync(join(checkout, 'scenarios', 'a-a.yaml'), 'utf8');
const counts = new Map<string, number>();
let different = 0;
let longestSeconds = 0;

for (let index = 0; index < runs; index += 1) {
  const { run, exitCode, wallSeconds } = await runOnce(scenario, firstSeed + index);
  const gated = run.analysis?.effects.filter((effect) => effect.gated) ?? [];
  longestSeconds = Math.max(longestSeconds, wallSeconds);
  for (const effect of gated) counts.set(effect.verdict, (counts.get(effect.verdict) ?? 0) + 1);
  if (gated.some((effect) => effect.verdict === 'better' || effect.verdict === 'worse')) different += 1;
  const effects = gated
    .map((effect) => `${effect.metric} ${effectText(effect)} ${effect.verdict}`)
    .join('; ');
  console.log(
    `run ${index + 1} of ${runs}, seed ${firstSeed + index}, ${wallSeconds.toFixed(1)} s, exit ${exitCode}: ${effects}`,
  );
}

const tally = [...counts].map(([verdict, count]) => `${verdict} ${count}`).join(', ');
console.log(
  `A/A: ${runs} runs of at most ${longestSeconds.toFixed(1)} s, ${different} called different (${tally})`,
);
process.exitCode = different > Math.max(1, runs * 0.05) ? 1 : 0;
