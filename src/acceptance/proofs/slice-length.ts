/**
 * Proof: which slice length decides soonest, and what short slices bias. For a variant that collects garbage (plain),
 * one that hardly does (pooled-buffer) and one with CPU planted, prints level, ratio and difference by slice length,
 * each against slices of two seconds in the same run.
 */
import type { Effect, RunRecord } from '../../record/index.js';
import { effectText, numberOption, runOnce } from './repeated-runs.js';

const seconds = numberOption('seconds', 100);
const lengths = [40, 100, 300];
const rounds = Math.max(8, Math.floor(seconds / 10));

function scenario(requests: number): string {
  return `schema: meshmark.scenario/1
name: slices of ${requests} requests beside slices of 2 s
workload: {protocol: http1, responseBytes: 16KiB, connections: 16}
load: {driver: loadgen, model: closed}
slices:
  {duration: 2s, warmup: 300ms, blocks: ${rounds}, replicas: ${rounds}, micro: {requests: ${requests}, warmup: ${Math.round(requests / 3)}, perRound: 2s}}
variants:
  - {id: plain}
  - {id: pooled-buffer}
  - {id: burning, kind: sidecar, options: {testBurnMicros: 25}}
baseline: plain
`;
}

function cpuLevel(run: RunRecord, variant: string, track: 'micro' | 'long'): string {
  const level = run.analysis?.levels.find(
    (one) => one.variant === variant && one.metric === 'cpu.per_request' && one.track === track,
  );
  return level?.value?.toFixed(1) ?? '–';
}

function describe(effect: Effect | undefined): string {
  if (effect === undefined) return '–';
  return `${effectText(effect)} (${effect.difference?.toFixed(1) ?? '–'} µs)`;
}

for (const requests of lengths) {
  const { run } = await runOnce(scenario(requests), 3000 + requests);
  const own = run.analysis?.effects ?? [];
  const beside = run.analysis?.besideEffects ?? [];
  for (const candidate of ['pooled-buffer', 'burning']) {
    const matches = (effect: Effect) => effect.metric === 'cpu.per_request' && effect.candidate === candidate;
    const short = own.find((effect) => matches(effect) && effect.track === 'micro');
    const long = beside.find((effect) => matches(effect) && effect.track === 'long');
    console.log(
      `${requests} requests, ${candidate} against plain: short ${describe(short)}; 2 s ${describe(long)}; ` +
        `levels short/long: ${candidate} ${cpuLevel(run, candidate, 'micro')}/${cpuLevel(run, candidate, 'long')} µs, ` +
        `plain ${cpuLevel(run, 'plain', 'micro')}/${cpuLevel(run, 'plain', 'long')} µs`,
    );
  }
}
