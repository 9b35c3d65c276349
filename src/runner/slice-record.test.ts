import { describe, expect, it } from 'vitest';
import { createLatencyRecorder } from '../record/index.js';
import { auditOpenSlice } from './slice-record.js';

function lag(ns: number): string {
  const recorder = createLatencyRecorder();
  for (let count = 0; count < 100; count += 1) recorder.record(ns);
  return recorder.encode();
}

const oneSecond = { length: { type: 'duration', durationMs: 1000, warmupMs: 0 } } as const;

function seen(
  overrides: Partial<Parameters<typeof auditOpenSlice>[0]>,
): Parameters<typeof auditOpenSlice>[0] {
  return {
    startedAtMicros: 0,
    endedAtMicros: 1_001_000,
    requests: 1000,
    sendLag: lag(20_000),
    offeredRatePerSecond: 1000,
    errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
    generator: { cpuNs: 100e6, gcCycles: 0, connectionWaits: 0 },
    ...overrides,
  };
}

describe('auditOpenSlice', () => {
  it('finds nothing against a slice that held its schedule', () => {
    expect(auditOpenSlice(seen({}), oneSecond)).toEqual({ status: 'valid', reasons: [] });
  });

  it('calls a slice invalid when the median request left late, and blames the generator when connections were free', () => {
    const { status, reasons } = auditOpenSlice(seen({ sendLag: lag(40e6) }), oneSecond);
    expect(status).toBe('invalid');
    expect(reasons.join()).toMatch(/left more than 40 ms late \(the generator could not keep up\)/);
  });

  it('blames busy connections when most requests waited for one', () => {
    const generator = { cpuNs: 100e6, gcCycles: 0, connectionWaits: 900 };
    expect(auditOpenSlice(seen({ sendLag: lag(40e6), generator }), oneSecond).reasons.join()).toMatch(
      /every connection was busy/,
    );
  });

  it('calls a slice invalid when it took far longer than planned', () => {
    expect(auditOpenSlice(seen({ endedAtMicros: 1_700_000 }), oneSecond).status).toBe('invalid');
  });

  it('does not count the wait for a timeout as an overrun', () => {
    const errors = { connect: 0, reset: 0, timeout: 1, status: 0, protocol: 0 };
    expect(auditOpenSlice(seen({ endedAtMicros: 3_000_000, errors }), oneSecond).status).toBe('valid');
  });

  it('calls a slice invalid when the generator used up its core', () => {
    const generator = { cpuNs: 990e6, gcCycles: 0, connectionWaits: 0 };
    expect(auditOpenSlice(seen({ generator }), oneSecond).reasons.join()).toMatch(/saturated/);
  });
});
