import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../../command-line.js';
import { fortioRun, k6Run, usualK6Script } from './usual-generators.js';

const captured = (name: string) => readFileSync(join(checkout, 'src', 'import', 'fixtures', name), 'utf8');

describe('a run of fortio', () => {
  it('has its figures in µs for one request', () => {
    const { requests, micros } = fortioRun(captured('fortio.json'), null);
    expect(requests).toBe(1000);
    expect(micros['time.per_request']).toBeCloseTo(1e6 / 499.8344618239264, 6);
    expect(micros['latency.mean']).toBeCloseTo(273.209156, 6);
    expect(micros['latency.p50']).toBeCloseTo(532.893642, 6);
    expect(micros['latency.p99']).toBeCloseTo(3000, 6);
  });

  it('has no time per request at a constant rate, which would be the rate’s own', () => {
    expect(fortioRun(captured('fortio.json'), 500).micros).not.toHaveProperty('time.per_request');
  });

  it('is refused when requests failed', () => {
    expect(() => fortioRun(captured('fortio-faulty.json'), null)).toThrow(
      /of 2000 requests of fortio failed/,
    );
  });
});

describe('a run of k6', () => {
  const summary = (failed: number) =>
    JSON.stringify({
      metrics: {
        iterations: { count: 400, rate: 2000 },
        http_reqs: { count: 400, rate: 2000 },
        http_req_duration: { avg: 0.75, med: 0.5, 'p(99)': 4 },
        http_req_failed: { passes: 400 * failed, fails: 400 - 400 * failed, value: failed },
      },
    });

  it('has its figures in µs for one request', () => {
    expect(k6Run(summary(0), null)).toEqual({
      requests: 400,
      micros: { 'time.per_request': 500, 'latency.mean': 750, 'latency.p50': 500, 'latency.p99': 4000 },
    });
    expect(k6Run(summary(0), 400).micros).not.toHaveProperty('time.per_request');
  });

  it('is refused when requests failed, since k6 itself ends well then', () => {
    expect(() => k6Run(summary(0.25), null)).toThrow('100 of 400 requests of k6 failed');
  });

  it('asks with constant users, or at a constant rate', () => {
    const load = { address: '127.0.0.1:1', connections: 16, durationMs: 1500.4 };
    expect(usualK6Script({ ...load, ratePerSecond: null })).toContain(
      '{"executor":"constant-vus","vus":16,"duration":"1500ms"}',
    );
    expect(usualK6Script({ ...load, ratePerSecond: 400 })).toContain(
      '{"executor":"constant-arrival-rate","rate":400,"timeUnit":"1s","duration":"1500ms","preAllocatedVUs":16,"maxVUs":16}',
    );
  });
});
