/** Sweeps and searches against a service whose limit is known, through the built command line. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RateCurve, readRun, type SloResult } from '../record/index.js';
import { type Ended, meshmark, scenarioFile, scratchFolder } from './command-line.js';

const CAPACITY = 1000;
const PLANTED = `schema: meshmark.scenario/1
name: a planted knee
topology: {hops: 1}
workload: {protocol: http1, responseBytes: 1KiB, connections: 64, serviceCapacity: ${CAPACITY}/s}
load: {model: open, rate: 600/s, arrivals: constant}
slices: {duration: 2s, warmup: 300ms, blocks: 4}
variants: [{id: plain}]
`;

describe('a service that serves 1,000 requests a second', () => {
  // It promises 95 %, so that one miss in twenty is no fault; two of two would be.
  it('has its limit found within 5 % by a search, with an interval and the cost there', {
    retry: 1,
    timeout: 300_000,
  }, async () => {
    const out = join(scratchFolder(), 'run');
    // The median, which an overload of a few percent moves and a stall of the machine does not.
    const objective = ['--slo', 'p50=20ms', '--precision', '6%', '--budget', '120s'];
    const ended = await meshmark(['search', scenarioFile(PLANTED), ...objective, '--json', '--out', out]);
    const { sloResults } = JSON.parse(ended.stdout) as { readonly sloResults: readonly SloResult[] };
    const [found] = sloResults;
    expect(found?.ratePerSecond, ended.stderr).toBeGreaterThan(CAPACITY * 0.95);
    expect(found?.ratePerSecond).toBeLessThan(CAPACITY * 1.05);
    expect(found?.low).toBeLessThanOrEqual(found?.ratePerSecond ?? 0);
    expect(found?.high).toBeGreaterThanOrEqual(found?.ratePerSecond ?? Number.POSITIVE_INFINITY);
    expect(found?.coresPerThousand?.value).toBeGreaterThan(0);
    expect(found?.megabytesPerThousand?.value).toBeGreaterThan(1);
    expect(found?.settled).toBe(true);
    expect(ended.exitCode).toBe(0);
    expect(readRun(out).steps).toHaveLength(found?.steps ?? 0);
  });

  describe('swept below and above it', () => {
    let ended: Ended;
    beforeAll(async () => {
      const rates = ['--rates', '500,1500', '--blocks', '1', '--slice', '1s'];
      ended = await meshmark([
        'sweep',
        scenarioFile(PLANTED),
        ...rates,
        '--json',
        '--out',
        join(scratchFolder(), 'run'),
      ]);
    }, 60_000);

    it('has its knee between the two', () => {
      const { curves } = JSON.parse(ended.stdout) as { readonly curves: readonly RateCurve[] };
      expect(curves[0], ended.stderr).toMatchObject({
        variant: 'plain',
        kneeRatePerSecond: 500,
        tooMuchRatePerSecond: 1500,
      });
      expect(ended.exitCode).toBe(0);
    });
  });
});

describe('what no search can work with', () => {
  it.each([
    { args: ['search', '--slo', 'p99=5'], said: /p99=5.*needs a unit/ },
    { args: ['search', '--slo', 'median=5ms'], said: /median=5ms.*--slo p99=5ms/ },
    { args: ['search', '--slo', 'errors=1%'], said: /needs a latency/ },
    { args: ['search', '--slo', 'p99=5ms', '--slice', '100ms'], said: /at least 1 s/ },
    { args: ['sweep'], said: /which rates\?/ },
    { args: ['sweep', '--rates', '500,fast'], said: /fast/ },
    { args: ['sweep', '--rates', '500', '--from', '100'], said: /not both/ },
  ])('is refused with the mend: $args', async ({ args: [command = '', ...options], said }) => {
    const ended = await meshmark([command, scenarioFile(PLANTED), ...options]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(said);
  });
});
