/**
 * Proof: two load drivers that share no code tell of the same effects. The same scenario, a closed loop, by autocannon and
 * by k6: for each candidate and metric, the effect by each, whether they point the same way and whether their intervals
 * meet. Beside them, what each driver sees of every variant, with `direct` for its own part: a driver whose latency is its own
 * in the main sees little of what a proxy adds. `--seconds N` sets how long each of the two runs measures.
 */
import type { Effect, MetricName, RunRecord } from '../../record/index.js';
import { effectOf, effectText, numberOption, runOnce } from './repeated-runs.js';

const seconds = numberOption('seconds', 180);
const VARIANTS = ['direct', 'plain', 'pooled-buffer', 'fresh-connection'];
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

/** What the two directions together say. `own` is each driver's share of the baseline's value that is there without a proxy. */
function explanation(one: Effect, other: Effect, own: readonly [number | null, number | null]): string {
  const [a, b] = [directionOf(one), directionOf(other)];
  if (a === 'undecided' && b === 'undecided') return 'neither sees a difference';
  if (overlap(one, other)) return a === b ? 'same direction, sizes agree' : 'one cannot tell, sizes agree';
  if (a !== 'undecided' && b !== 'undecided' && a !== b) return 'they contradict each other';
  const shares = own.map((share) => (share === null ? 'an unknown share' : `${(share * 100).toFixed(0)} %`));
  return `sizes differ: without any proxy, autocannon already has ${shares[0]} of what it tells of plain, k6 ${shares[1]}`;
}

function levelOf(run: RunRecord, metric: MetricName, variant: string): number | null {
  const levels = run.analysis?.levels ?? [];
  return levels.find((one) => one.metric === metric && one.variant === variant)?.value ?? null;
}

/** Share of the baseline's value that `direct` has as well. */
function ownShare(run: RunRecord, metric: MetricName): number | null {
  const [own, whole] = [levelOf(run, metric, 'direct'), levelOf(run, metric, 'plain')];
  return own === null || whole === null || whole === 0 ? null : own / whole;
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
for (const candidate of VARIANTS.slice(2)) {
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
      explanation(one, other, [ownShare(byAutocannon, metric), ownShare(byK6, metric)]),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
console.log('');
console.log('| driver | variant | requests/s | p50 ms | p99 ms |');
console.log('| --- | --- | --- | --- | --- |');
for (const [driver, run] of Object.entries({ autocannon: byAutocannon, k6: byK6 })) {
  for (const variant of VARIANTS) {
    const [rate, p50, p99] = (['throughput', 'latency.p50', 'latency.p99'] as const).map(
      (metric) => levelOf(run, metric, variant)?.toPrecision(3) ?? 'unknown',
    );
    console.log(`| ${driver} | ${variant} | ${rate} | ${p50} | ${p99} |`);
  }
}
