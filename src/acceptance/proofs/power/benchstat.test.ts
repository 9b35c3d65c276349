import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../../command-line.js';
import { benchmarkText, readBenchstat } from './benchstat.js';

/** Printed by benchstat itself with `-format csv`, for five runs of either side; fixtures/README.md says of which. */
const captured = readFileSync(
  join(checkout, 'src', 'acceptance', 'proofs', 'power', 'fixtures', 'benchstat.csv'),
  'utf8',
);

describe('what benchstat is given', () => {
  it('is a Go benchmark for each run and metric, in ns/op', () => {
    const text = benchmarkText([
      { requests: 1200, micros: { 'time.per_request': 98.7654321, 'latency.p99': 4000 } },
      { requests: 1100, micros: { 'cpu.per_request': 250 } },
    ]);
    expect(text).toBe(
      'BenchmarkTimePerRequest 1200 98765.4 ns/op\nBenchmarkLatencyP99 1200 4000000.0 ns/op\nBenchmarkCPUPerRequest 1100 250000.0 ns/op\n',
    );
  });
});

describe('what benchstat found', () => {
  it('is worse, better or no difference for each metric, with its p', () => {
    expect(Object.fromEntries(readBenchstat(captured))).toEqual({
      'time.per_request': { verdict: 'worse', p: 0.008 },
      'latency.mean': { verdict: 'better', p: 0.008 },
      'latency.p50': { verdict: '~', p: 0.69 },
      'latency.p99': { verdict: '~', p: 1 },
      'cpu.per_request': { verdict: 'worse', p: 0.016 },
    });
  });

  it('is refused where it compared nothing', () => {
    expect(() => readBenchstat('goos: linux\n')).toThrow('compared nothing');
  });

  it('is refused where a change cannot be read', () => {
    expect(() => readBenchstat(captured.replace(',~,', ',perhaps,'))).toThrow('cannot be read: LatencyP50');
  });
});
