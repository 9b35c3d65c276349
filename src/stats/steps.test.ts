import { describe, expect, it } from 'vitest';
import { createLatencyRecorder, type RunVariant, type StepRecord } from '../record/index.js';
import { stepOutcome } from './step-outcome.js';
import { curvesOf, sloResultsOf } from './steps.js';

const VARIANT: RunVariant = {
  id: 'plain',
  kind: 'plain',
  description: '',
  options: {},
  dataPlaneRoles: ['outbound'],
  claims: [],
  status: 'measured',
  reason: null,
  witness: null,
};

const NO_ERRORS = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };

/** Two seconds at a rate through `plain`: 100 latencies, 50 µs of CPU a request, 20 MB of memory. */
function step(
  offeredRatePerSecond: number,
  latencyMs: number,
  change: Partial<StepRecord> & { readonly tailMs?: number; readonly lagMs?: number } = {},
): StepRecord {
  const { tailMs = latencyMs, lagMs = 0.05, ...rest } = change;
  const latency = createLatencyRecorder();
  for (let request = 0; request < 100; request += 1)
    latency.record((request < 97 ? latencyMs : tailMs) * 1e6);
  const lag = createLatencyRecorder();
  lag.record(lagMs * 1e6);
  const requests = offeredRatePerSecond * 2;
  return {
    type: 'step',
    seq: 0,
    round: 0,
    replica: 0,
    variant: 'plain',
    offeredRatePerSecond,
    startedAtMicros: 0,
    endedAtMicros: 2e6,
    requests,
    warmupRequests: 0,
    errors: NO_ERRORS,
    latency: latency.encode(),
    sendLag: lag.encode(),
    cpu: [{ role: 'outbound', pid: 1, warmupStartNs: 0, startNs: 0, endNs: requests * 50_000 }],
    residentBytes: 20e6,
    generator: { cpuNs: 0.1e9, connectionWaits: 0 },
    failed: null,
    ...rest,
  };
}

const OBJECTIVE = { latency: [{ quantile: 0.99, limitMs: 5 }], mostErrors: 0.01 };

describe('a step against its objective', () => {
  it('holds when every latency is kept and few requests fail', () => {
    expect(stepOutcome(step(100, 1, { tailMs: 4.9 }), OBJECTIVE)).toBe('held');
    expect(stepOutcome(step(100, 1, { errors: { ...NO_ERRORS, status: 2 } }), OBJECTIVE)).toBe('held');
  });

  it('breaks by a latency, by errors, and by failing', () => {
    expect(stepOutcome(step(100, 1, { tailMs: 5.1 }), OBJECTIVE)).toBe('broke');
    expect(stepOutcome(step(100, 1, { errors: { ...NO_ERRORS, timeout: 3 } }), OBJECTIVE)).toBe('broke');
    expect(stepOutcome(step(100, 1, { failed: 'connection refused' }), OBJECTIVE)).toBe('broke');
    expect(stepOutcome(step(100, 1, { latency: null }), OBJECTIVE)).toBe('broke');
  });

  it('is not held against the variant when the generator was late or had no CPU left', () => {
    expect(stepOutcome(step(100, 9, { lagMs: 8 }), OBJECTIVE)).toBe('generator');
    expect(stepOutcome(step(100, 9, { generator: { cpuNs: 1.95e9, connectionWaits: 0 } }), OBJECTIVE)).toBe(
      'generator',
    );
  });

  it('is held against the variant when requests were late because every connection waited for it', () => {
    const full = { cpuNs: 0.1e9, connectionWaits: 150 };
    expect(stepOutcome(step(100, 9, { lagMs: 8, generator: full }), OBJECTIVE)).toBe('broke');
  });
});

describe('the curve of a sweep', () => {
  it('has its knee before the first rate at which p99 leaves its plateau', () => {
    const steps = [step(400, 8), step(100, 1), step(200, 1.2), step(300, 4.9)];
    const [curve] = curvesOf([VARIANT], steps, 0.99);
    expect(curve?.points.map((point) => point.offeredRatePerSecond)).toEqual([100, 200, 300, 400]);
    expect(curve).toMatchObject({ kneeRatePerSecond: 300, tooMuchRatePerSecond: 400 });
    expect(curve?.points[0]?.cpuMicrosPerRequest?.value).toBeCloseTo(50, 9);
  });

  it('has its knee before the first rate that is not answered in its time, or whose requests fail', () => {
    const late = step(200, 1, { endedAtMicros: 2.2e6 });
    expect(curvesOf([VARIANT], [step(100, 1), late], 0.99)[0]).toMatchObject({ kneeRatePerSecond: 100 });
    const failing = step(100, 1, { errors: { ...NO_ERRORS, status: 20 } });
    expect(curvesOf([VARIANT], [failing], 0.99)[0]).toMatchObject({
      kneeRatePerSecond: null,
      tooMuchRatePerSecond: 100,
    });
  });

  it('has intervals once four sets of processes were measured', () => {
    const steps = [0, 1, 2, 3].map((replica) => step(100, 1 + replica / 10, { replica }));
    const [point] = curvesOf([VARIANT], steps, 0.99)[0]?.points ?? [];
    expect(point?.p50Ms?.low).toBeLessThan(point?.p50Ms?.value ?? 0);
    expect(curvesOf([VARIANT], steps.slice(1), 0.99)[0]?.points[0]?.p50Ms).toMatchObject({ low: null });
  });

  it('marks a rate that the generator could not send', () => {
    const [curve] = curvesOf([VARIANT], [step(100, 1, { lagMs: 9 })], 0.99);
    expect(curve?.points[0]?.generatorLimited).toBe(true);
  });
});

describe('the limit of a search', () => {
  const planned = { type: 'search', objective: OBJECTIVE, startRatePerSecond: 100, precision: 0.04 } as const;

  it('lies between what held and what broke, with its cost from the steps that held near it', () => {
    const steps = [
      ...[100, 200, 400, 780, 785, 790].map((rate) => step(rate, 1)),
      ...[800, 805, 810].map((rate) => step(rate, 9)),
    ];
    const [result] = sloResultsOf([VARIANT], steps, planned, 0.99);
    expect(result?.ratePerSecond).toBeGreaterThan(780);
    expect(result?.ratePerSecond).toBeLessThan(810);
    expect(result?.coresPerThousand?.value).toBeCloseTo(0.05, 9);
    // 20 MB at 785/s.
    expect(result?.megabytesPerThousand?.value).toBeCloseTo(25.5, 1);
  });

  it('has no cost where there is no data plane', () => {
    const [result] = sloResultsOf([{ ...VARIANT, dataPlaneRoles: [] }], [step(100, 1)], planned, 0.99);
    expect(result).toMatchObject({
      coresPerThousand: null,
      megabytesPerThousand: null,
      low: 100,
      high: null,
    });
  });
});
