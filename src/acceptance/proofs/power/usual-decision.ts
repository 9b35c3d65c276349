/** One decision in the usual way: all runs of A, then all runs of B, and benchstat says whether they differ. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessHost } from '../../../host/index.js';
import { type BenchstatFinding, benchmarkText, readBenchstat } from './benchstat.js';
import { CONNECTIONS, startChain } from './chain.js';
import { namedProgram, runProgram, type UsualGenerator } from './usual-generators.js';
import type { UsualMetric, UsualRun } from './usual-metrics.js';

export interface UsualOrder {
  readonly generator: UsualGenerator;
  /** CPU that B's first sidecar burns for each request; 0 compares the chain with itself. */
  readonly burnMicros: number;
  /** Null for as fast as the answers come. */
  readonly ratePerSecond: number | null;
  /** How long each of the ten runs makes load. */
  readonly runMs: number;
}

export interface UsualDecision {
  readonly baseline: readonly UsualRun[];
  readonly candidate: readonly UsualRun[];
  readonly findings: ReadonlyMap<UsualMetric, BenchstatFinding>;
  /** From before A is started until benchstat has spoken. */
  readonly wallSeconds: number;
}

/** How often each side is run; benchstat can find a difference from four runs on. */
export const REPEATS = 5;

const BENCHSTAT_LIMIT_MS = 30_000;

/** Decides once, on processes of its own. Throws when a process did not start, a run failed, or benchstat did. */
export async function decide(host: ProcessHost, order: UsualOrder): Promise<UsualDecision> {
  const startedAt = performance.now();
  const baseline = await runsOf(host, order, 0);
  const candidate = await runsOf(host, order, order.burnMicros);
  const findings = await askBenchstat(baseline, candidate);
  return { baseline, candidate, findings, wallSeconds: (performance.now() - startedAt) / 1000 };
}

async function runsOf(host: ProcessHost, order: UsualOrder, burnMicros: number): Promise<UsualRun[]> {
  const { generator, ratePerSecond, runMs } = order;
  const chain = await startChain(host, burnMicros);
  try {
    const runs: UsualRun[] = [];
    for (let index = 0; index < REPEATS; index += 1) {
      const beforeMicros = chain.sidecarCpuMicros();
      const run = await generator.run({
        address: chain.address,
        connections: CONNECTIONS,
        ratePerSecond,
        durationMs: runMs,
      });
      const cpuMicros = chain.sidecarCpuMicros() - beforeMicros;
      runs.push({ ...run, micros: { ...run.micros, 'cpu.per_request': cpuMicros / run.requests } });
    }
    return runs;
  } finally {
    await chain.close();
  }
}

async function askBenchstat(baseline: readonly UsualRun[], candidate: readonly UsualRun[]) {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-usual-way-'));
  try {
    const [a, b] = [join(folder, 'a.txt'), join(folder, 'b.txt')];
    writeFileSync(a, benchmarkText(baseline));
    writeFileSync(b, benchmarkText(candidate));
    return readBenchstat(
      await runProgram([namedProgram('benchstat'), '-format', 'csv', a, b], BENCHSTAT_LIMIT_MS),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
