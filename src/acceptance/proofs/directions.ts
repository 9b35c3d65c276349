/**
 * Do the mechanisms do what they are said to? Runs the scenarios that isolate them and prints each expectation of the
 * catalogue beside what was measured, with its interval. What goes the other way is printed as a surprise, never tuned.
 *
 *   npm run proof:directions -- [--blocks 10]
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type RunRecord, readRun } from '../../record/index.js';
import { checkout, meshmark, scratchFolder } from '../command-line.js';
import { effectText, numberOption } from './repeated-runs.js';

const SCENARIOS = [
  'upstream-connections',
  'tls-handshakes',
  'tls-ciphers',
  'mtls-scope',
  'protocols',
  'policy',
  'concurrency',
  'quic',
];

/** One line for each expectation that the run has an effect for. */
function linesOf(run: RunRecord): string[] {
  return run.variants.flatMap((variant) =>
    (variant.expectations ?? []).flatMap(({ metric, against, direction, source }) => {
      const effect = run.analysis?.effects.find(
        (one) => one.metric === metric && one.candidate === variant.id && one.baseline === against,
      );
      if (effect === undefined) return [];
      const surprise = run.analysis?.surprises?.some(
        (one) => one.candidate === variant.id && one.baseline === against && one.metric === metric,
      );
      const seen = effect.ratio === null ? null : effect.ratio > 1 ? 'higher' : 'lower';
      const decided = effect.verdict === 'better' || effect.verdict === 'worse';
      const outcome =
        surprise === true ? 'SURPRISE' : decided && seen === direction ? 'as expected' : effect.verdict;
      return [
        `${outcome.padEnd(12)} ${METRICS[metric].label} of ${variant.id} against ${against}: ${effectText(effect)}, expected ${direction} (${source})${effect.reason === null ? '' : `; ${effect.reason}`}`,
      ];
    }),
  );
}

const blocks = numberOption('blocks', 10);
for (const scenario of SCENARIOS) {
  const folder = scratchFolder();
  const out = join(folder, 'run');
  const ended = await meshmark([
    'run',
    join(checkout, 'scenarios', `${scenario}.yaml`),
    ...['--blocks', String(blocks), '--out', out],
  ]);
  if (ended.exitCode === null || ended.exitCode === 2 || ended.exitCode >= 4) {
    throw new Error(`${scenario} ended with ${ended.exitCode ?? ended.signal}:\n${ended.stderr}`);
  }
  const { run } = readRun(out);
  console.log(`${scenario}: ${run.analysis?.validity.status}`);
  for (const reason of run.analysis?.validity.reasons ?? []) console.log(`  (${reason})`);
  for (const line of linesOf(run)) console.log(`  ${line}`);
  rmSync(folder, { recursive: true });
}
