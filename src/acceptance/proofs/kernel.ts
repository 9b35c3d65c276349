/**
 * What do the rows whose work is done in the kernel save, and where does it go? Runs ebpf.yaml, ebpf-http.yaml and
 * zero-sidecar.yaml for answers of 1 KiB and 64 KiB and prints each row against `plain` and `direct`: CPU of its processes
 * beside that of the whole machine, and latency.
 *
 *   npm run proof:kernel -- [--blocks 8]
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Effect, METRICS, type MetricName, type RunRecord, readRun } from '../../record/index.js';
import { checkout, meshmark, scenarioFile, scratchFolder } from '../command-line.js';
import { effectText, numberOption } from './repeated-runs.js';

const SCENARIOS = ['ebpf', 'ebpf-http', 'zero-sidecar'];
const SIZES = ['1KiB', '64KiB'];
const SHOWN: readonly MetricName[] = [
  'cpu.per_request',
  'cpu.machine_per_request',
  'latency.p50',
  'latency.p99',
];

function levelText(run: RunRecord, variant: string, metric: MetricName): string {
  const level = run.analysis?.levels.find((one) => one.variant === variant && one.metric === metric);
  if (level === undefined || level.value === null) return level?.reason ?? 'not measured';
  return `${level.value.toPrecision(3)} ${METRICS[metric].unit}`;
}

function against(
  effects: readonly Effect[],
  candidate: string,
  baseline: string,
  metric: MetricName,
): string {
  const effect = effects.find(
    (one) => one.candidate === candidate && one.baseline === baseline && one.metric === metric,
  );
  return effect === undefined ? '–' : `${effectText(effect)} ${effect.verdict}`;
}

const blocks = numberOption('blocks', 8);
for (const scenario of SCENARIOS) {
  const text = readFileSync(join(checkout, 'scenarios', `${scenario}.yaml`), 'utf8');
  for (const size of SIZES) {
    const folder = scratchFolder();
    const out = join(folder, 'run');
    const file = scenarioFile(text.replace(/responseBytes: \w+/, `responseBytes: ${size}`));
    const ended = await meshmark(['run', file, '--blocks', String(blocks), '--out', out]);
    if (ended.exitCode === null || ended.exitCode === 2 || ended.exitCode >= 4) {
      throw new Error(`${scenario} ended with ${ended.exitCode ?? ended.signal}:\n${ended.stderr}`);
    }
    const { run } = readRun(out);
    const effects = run.analysis?.effects ?? [];
    console.log(`${scenario}, answers of ${size}: ${run.analysis?.validity.status}`);
    for (const reason of run.analysis?.validity.reasons ?? []) console.log(`  (${reason})`);
    for (const { id, status, reason, witness } of run.variants) {
      const proof = witness === null ? '' : `; ${witness.name} ${((witness.value ?? 0) * 100).toFixed(2)} %`;
      console.log(`  ${id}: ${status}${reason === null ? '' : `, ${reason}`}${proof}`);
      if (status !== 'measured') continue;
      for (const metric of SHOWN) {
        const figures = [
          METRICS[metric].label.padEnd(34),
          levelText(run, id, metric).padEnd(12),
          ...(id === 'plain' ? [] : [`against plain ${against(effects, id, 'plain', metric)}`]),
          ...(id === 'direct' ? [] : [`against direct ${against(effects, id, 'direct', metric)}`]),
        ];
        console.log(`    ${figures.join('  ')}`);
      }
    }
    rmSync(folder, { recursive: true });
  }
}
