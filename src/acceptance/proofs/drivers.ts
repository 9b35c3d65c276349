/**
 * Proof: two load drivers that share no code tell of the same effects. The same scenario, a closed loop, by autocannon and
 * by k6: for each candidate and metric, the effect by each, whether they point the same way and whether their intervals
 * meet. `--seconds N` sets how long each of the two runs measures.
 */
import type { Effect, MetricName } from '../../record/index.js';
import { effectOf, effectText, numberOption, runOnce } from './repeated-runs.js';

const seconds = numberOption('seconds', 180);
const VARIANTS = ['plain', 'pooled-buffer', 'fresh-connection'];
const METRICS: readonly MetricName[] = ['cpu.per_request', 'latency.p50', 'latency.p99'];
const SLICE_SECONDS = 3;
const rounds = Math.max(4, Math.round(seconds / SLICE_SECONDS / VARIANTS.length));

function scenario(driver: 'autocannon' | 'k6'): string {
  return `schema: meshmark.scenario/1
name: drivers, by ${driver}
workload: {protocol: http1, responseBytes: 16KiB, connections: 8}
load: {driver: ${driver}, model: closed}
slices: {duration: ${SLICE_SECONDS}s, warmup: 500ms, blocks: ${rounds}, replicas: ${Math.min(rounds, 12)}, budget: 2h}
variants: [${VARIANTS.map((id) => `{id: ${id}}`).join(', ')}]
baseline: plain
`;
}

function directionOf({ ratio, low, high }: Effect): 'lower' | 'higher' | 'undecided' {
  if (ratio === null || low === null || high === null || (low <= 1 && high >= 1)) return 'undecided';
  return ratio < 1 ? 'lower' : 'higher';
}

/** What the two directions together say. */
function explanation(one: Effect, other: Effect): string {
  const [a, b] = [directionOf(one), directionOf(other)];
  if (a === 'undecided' && b === 'undecided') return 'neither sees a difference';
  if (a === 'undecided' || b === 'undecided') return 'one sees a difference, the other cannot tell';
  if (a !== b) return 'they contradict each other';
  return overlap(one, other)
    ? 'same direction, sizes agree'
    : 'same direction, sizes differ: each driver loads the core it shares, and its own share of latency shrinks ratios';
}

function overlap(one: Effect, other: Effect): boolean {
  return (one.low ?? 0) <= (other.high ?? Infinity) && (other.low ?? 0) <= (one.high ?? Infinity);
}

const { run: byAutocannon } = await runOnce(scenario('autocannon'), 7101);
const { run: byK6 } = await runOnce(scenario('k6'), 7101);
console.log(
  '| candidate against plain | metric | autocannon | k6 | direction | intervals meet | explanation |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const candidate of VARIANTS.slice(1)) {
  for (const metric of METRICS) {
    const [one, other] = [byAutocannon, byK6].map((run) => effectOf(run, metric, candidate, 'plain'));
    if (one === undefined || other === undefined) continue;
    const cells = [
      candidate,
      metric,
      effectText(one),
      effectText(other),
      `${directionOf(one)} / ${directionOf(other)}`,
      overlap(one, other) ? 'yes' : 'no',
      explanation(one, other),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
