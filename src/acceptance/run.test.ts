/** The main job, end to end, on the local cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Effect, type MetricName, type RunRecord, readRun, type SliceRecord } from '../record/index.js';
import { type Ended, meshmark, scenarioFile, scratchFolder } from './command-line.js';
import { microScenario, smallScenario } from './scenarios.js';

describe('a run of direct, plain and pooled-buffer', () => {
  const out = join(scratchFolder(), 'run');
  let ended: Ended;
  let record: ReturnType<typeof readRun>;
  let run: RunRecord;

  beforeAll(async () => {
    ended = await meshmark(['run', scenarioFile(smallScenario), '--out', out, '--json']);
    record = readRun(out);
    run = record.run;
  });

  const effectOf = (metric: MetricName, candidate: string, baseline: string): Effect | undefined =>
    run.analysis?.effects.find(
      (effect) => effect.metric === metric && effect.candidate === candidate && effect.baseline === baseline,
    );

  it('ends well, with a machine-readable result on stdout alone', () => {
    expect(ended.exitCode, ended.stderr).toBe(0);
    const result = JSON.parse(ended.stdout);
    expect(result.variants.map((variant: { id: string }) => variant.id)).toEqual([
      'direct',
      'plain',
      'pooled-buffer',
    ]);
    expect(run.state).toBe('finished');
    expect(run.variants.map((variant) => variant.status)).toEqual(['measured', 'measured', 'measured']);
  });

  it('writes the record, the report, the summary and the JUnit file', () => {
    for (const name of ['run.json', 'slices.jsonl', 'report.html', 'report.md', 'junit.xml']) {
      expect(existsSync(join(out, name)), name).toBe(true);
    }
    expect(record.damaged).toEqual([]);
  });

  it('compares latency, CPU and allocation with intervals', () => {
    for (const metric of [
      'latency.p50',
      'latency.p99',
      'cpu.per_request',
      'alloc.bytes_per_request',
    ] as const) {
      const effect = effectOf(metric, 'pooled-buffer', 'plain');
      expect(effect?.ratio, metric).toBeGreaterThan(0);
      expect(effect?.low, metric).toBeLessThan(effect?.ratio ?? 0);
      expect(effect?.high, metric).toBeGreaterThan(effect?.ratio ?? 0);
    }
  });

  it('finds that pooled buffers allocate less, and proves that the pool was used', () => {
    expect(effectOf('alloc.bytes_per_request', 'pooled-buffer', 'plain')?.verdict).toBe('better');
    const witnesses = run.analysis?.witnesses ?? {};
    const share = (variant: string, name: string) =>
      witnesses[variant]?.find((one) => one.name === name)?.value;
    expect(share('pooled-buffer', 'buffer-pool')).toBeGreaterThanOrEqual(0.99);
    expect(share('pooled-buffer', 'buffer-pool-hits')).toBeGreaterThanOrEqual(0.99);
    expect(share('plain', 'buffer-pool')).toBeLessThanOrEqual(0.001);
  });

  it('charges direct no data-plane CPU and the sidecars some', () => {
    const cpu = (variant: string) =>
      run.analysis?.levels.find((level) => level.variant === variant && level.metric === 'cpu.per_request')
        ?.value;
    expect(cpu('direct')).toBe(0);
    expect(cpu('plain')).toBeGreaterThan(20);
  });

  it('runs every variant in every block, in an order that changes', () => {
    const blocks = new Map<number, SliceRecord[]>();
    for (const slice of record.slices) blocks.set(slice.block, [...(blocks.get(slice.block) ?? []), slice]);
    const orders = new Set<string>();
    for (const slices of blocks.values()) {
      expect(slices.map((slice) => slice.variant).sort()).toEqual(['direct', 'plain', 'pooled-buffer']);
      orders.add(slices.map((slice) => slice.variant).join());
    }
    expect(orders.size).toBeGreaterThan(2);
  });

  it('gives each replica fresh processes', () => {
    const pidsByReplica = new Map<number, Set<number>>();
    for (const slice of record.slices) {
      const pids = pidsByReplica.get(slice.replica) ?? new Set();
      for (const edge of slice.cpu) if (edge.role !== 'generator') pids.add(edge.pid);
      pidsByReplica.set(slice.replica, pids);
    }
    const all = [...pidsByReplica.values()].flatMap((pids) => [...pids]);
    expect(pidsByReplica.size).toBe(4);
    expect(new Set(all).size).toBe(all.length);
  });

  it('can be judged and reported again from the folder alone, with the same effects', async () => {
    const before = readFileSync(join(out, 'run.json'), 'utf8');
    const again = await meshmark(['report', out]);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')).analysis).toEqual(
      JSON.parse(before).analysis,
    );
    expect((await meshmark(['gate', out])).exitCode).toBe(0);
  });

  it('can be kept in a history, whose file either command is told', async () => {
    const file = join(scratchFolder(), 'history.jsonl');
    const added = await meshmark(['history', 'add', out, '--file', file, '--commit', 'c0ffee']);
    expect(added.exitCode, added.stderr).toBe(0);
    const told = await meshmark(['history', '--file', file, '--json']);
    const { trends } = JSON.parse(told.stdout) as { trends: { lines: { commit: string }[] }[] };
    expect(trends.length).toBeGreaterThan(4);
    expect(trends[0]?.lines[0]?.commit).toBe('c0ffee');
  });
});

describe('bodies of 256 KiB', () => {
  it('show pooled buffers to allocate less, every get after the warm-up served by a used buffer', async () => {
    const out = join(scratchFolder(), 'run');
    const text = microScenario(4)
      .replace('responseBytes: 4KiB', 'responseBytes: 256KiB')
      .replace('requests: 200, warmup: 50', 'requests: 60, warmup: 20');
    const ended = await meshmark(['run', scenarioFile(text), '--out', out]);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const { analysis } = readRun(out).run;
    const effect = analysis?.effects.find((one) => one.metric === 'alloc.bytes_per_request');
    expect(effect?.verdict).toBe('better');
    const hits = analysis?.witnesses['pooled-buffer']?.find((one) => one.name === 'buffer-pool-hits');
    expect(hits?.value).toBeGreaterThanOrEqual(0.99);
  });
});

describe('a rate that cannot be sent', () => {
  it('makes the slices and the run invalid, exit 3', async () => {
    const out = join(scratchFolder(), 'run');
    const ended = await meshmark([
      'run',
      scenarioFile(`schema: meshmark.scenario/1
name: far too fast
workload: {responseBytes: 1KiB, connections: 8}
load: {driver: loadgen, model: open, rate: 200000/s, arrivals: constant}
slices: {duration: 1s, warmup: 100ms, blocks: 4, seed: 2}
variants: [{id: direct}, {id: plain}]
baseline: plain
`),
      '--out',
      out,
    ]);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(3);
    const { run, slices } = readRun(out);
    expect(run.analysis?.validity.status).toBe('invalid');
    expect(slices.some((slice) => slice.validity.status === 'invalid')).toBe(true);
    expect(ended.stdout).toMatch(/invalid/);
  });
});
