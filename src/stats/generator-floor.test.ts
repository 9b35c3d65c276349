import { describe, expect, it } from 'vitest';
import { type ControlRecord, createLatencyRecorder, type Level } from '../record/index.js';
import { analyse } from './analyse.js';
import { floorFindings, generatorFloorOf } from './generator-floor.js';
import { buildRun } from './testing/record-builder.js';

function histogramOf(...latenciesMs: number[]): string {
  const recorder = createLatencyRecorder();
  for (const ms of latenciesMs) recorder.record(ms * 1e6);
  return recorder.encode();
}

function control(change: Partial<ControlRecord> = {}): ControlRecord {
  return {
    type: 'control',
    driver: 'loadgen',
    model: 'open',
    delayMs: 2,
    crossesLink: false,
    offeredRatePerSecond: 500,
    startedAtMicros: 0,
    endedAtMicros: 1e6,
    requests: 3,
    errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
    latency: histogramOf(2.1, 2.2, 2.4),
    beyondResidence: histogramOf(0.04, 0.05, 0.2),
    failed: null,
    ...change,
  };
}

function p50(variant: string, value: number): Level {
  return { variant, metric: 'latency.p50', track: 'long', value, low: null, high: null, reason: null };
}

function found(change: Partial<ControlRecord>, levels: readonly Level[] = []) {
  const line = control(change);
  return floorFindings(line, generatorFloorOf(line), levels);
}

describe('the generator’s floor', () => {
  it('is what it tells beyond the service’s own time', () => {
    const floor = generatorFloorOf(control());
    expect(floor).toMatchObject({ beyond: 'residence', requests: 3 });
    expect(floor?.p50Ms).toBeCloseTo(2.2, 2);
    expect(floor?.beyondP50Ms).toBeCloseTo(0.05, 3);
    expect(floor?.beyondP99Ms).toBeCloseTo(0.2, 3);
    expect(found({}).detail).toBe(
      'of a service that waits 2 ms loadgen tells 2.202 ms at p50: 0.050 ms beyond the service’s own time, and 0.200 ms at p99 (3 requests without a data plane)',
    );
  });

  it('is what it tells beyond the known delay, where the service does not say what it took', () => {
    const floor = generatorFloorOf(
      control({ driver: 'autocannon', beyondResidence: null, crossesLink: true }),
    );
    expect(floor).toMatchObject({ beyond: 'delay' });
    expect(floor?.beyondP50Ms).toBeCloseTo(0.2, 2);
    expect(found({ beyondResidence: null, crossesLink: true }).detail).toContain(
      'beyond that, and 0.400 ms at p99 (3 requests without a data plane, the link to it included)',
    );
  });

  it('makes a run invalid when the generator tells less than passed', () => {
    const { state, detail } = found({ latency: histogramOf(1.2, 1.2, 2.4) });
    expect(state).toBe('fail');
    expect(detail).toContain('which is less than it took');
  });

  it('casts doubt when it is more than half of a latency that was measured, and names the smallest', () => {
    const levels = [p50('plain', 0.3), p50('direct', 0.09)];
    expect(found({}, levels)).toMatchObject({ state: 'doubt' });
    expect(found({}, levels).detail).toContain('more than half of the p50 latency of direct, 0.090 ms');
    expect(found({}, [p50('plain', 0.3), p50('direct', 0.11)])).toMatchObject({ state: 'pass' });
  });

  it('casts doubt when it could not be measured', () => {
    expect(found({ failed: 'connection refused' })).toEqual({
      state: 'doubt',
      detail: 'what the generator adds by itself could not be measured: connection refused',
    });
    expect(found({ latency: null }).detail).toContain('no request was answered');
  });
});

it('is said to be of the first cell where a run has several', () => {
  const built = buildRun({ variants: [{ id: 'plain' }], rounds: 4 });
  const said = (run: typeof built.run) =>
    analyse(run, built.slices, built.windows, [], [control()])
      .analysis.audit?.find(({ check }) => check === 'known delay')
      ?.details.join();
  const cells = ['1KiB', '64KiB'].map((id) => ({ id, values: {}, variants: [] }));
  expect(said({ ...built.run, cells })).toMatch(
    /\(asked as in the cell 1KiB; for other cells it may add more\)$/,
  );
  expect(said(built.run)).not.toContain('cell');
});
