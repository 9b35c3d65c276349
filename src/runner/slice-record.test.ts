import { describe, expect, it } from 'vitest';
import { createLatencyRecorder } from '../record/index.js';
import type { Session } from './session.js';
import { auditK6Slice, auditOpenSlice, loadgenSlice, withClocksMissing } from './slice-record.js';

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

  it('takes the busiest of several generators, not all of them together', () => {
    const agent = (place: number, cpuNs: number) => ({
      agent: place,
      pod: `pod-${place}`,
      node: 'node',
      lost: null,
      requests: 500,
      errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
      latency: null,
      sendLag: null,
      cpuNs,
      lateMicros: 0,
      clockUncertaintyMicros: 0,
    });
    const generator = { cpuNs: 1200e6, gcCycles: 0, connectionWaits: 0 };
    const even = seen({ generator, agents: [agent(0, 600e6), agent(1, 600e6)] });
    expect(auditOpenSlice(even, oneSecond).status).toBe('valid');
    const uneven = seen({ generator, agents: [agent(0, 200e6), agent(1, 1000e6)] });
    expect(auditOpenSlice(uneven, oneSecond).reasons.join()).toMatch(/saturated/);
  });
});

describe('the audit of a slice by k6', () => {
  const seen = (requests: number, dropped: number, cpuNs = 100e6) => ({
    startedAtMicros: 0,
    endedAtMicros: 1e6,
    requests,
    generator: { cpuNs, gcCycles: null, connectionWaits: dropped, dropped },
  });
  const asked = { ratePerSecond: 100, cores: 1, ownScript: false };
  const reasonsOf = (...[slice, question = asked]: [ReturnType<typeof seen>, typeof asked?]) =>
    auditK6Slice(slice, question).reasons.join('; ');

  it('counts what was due and never sent as not held', () => {
    expect(auditK6Slice(seen(99, 1), asked)).toEqual({ status: 'valid', reasons: [] });
    expect(reasonsOf(seen(90, 10))).toMatch(/100 requests\/s was not held: 10 of 100 due were never sent/);
  });

  it('finds out a k6 that fell behind without dropping, but not a script that sends less than one a turn', () => {
    expect(reasonsOf(seen(80, 0))).toMatch(/80 came back of 100 due/);
    expect(reasonsOf(seen(80, 0), { ...asked, ownScript: true })).toBe('');
  });

  it('judges its CPU by all the cores it may use', () => {
    expect(reasonsOf(seen(100, 0, 990e6))).toMatch(/used 99 % of its cores/);
    expect(reasonsOf(seen(100, 0, 990e6), { ...asked, cores: 2 })).toBe('');
  });

  it('has nothing to hold in a closed loop', () => {
    expect(auditK6Slice(seen(1, 0, 990e6), { ...asked, ratePerSecond: null }).status).toBe('valid');
  });
});

describe('withClocksMissing', () => {
  const valid = { status: 'valid', reasons: [] } as const;
  const edges = (pid: number) => ({ role: 'x', pid, warmupStartNs: 0, startNs: 1, endNs: 2 });
  const processes = [
    { role: 'outbound', pid: 7, admin: null },
    { role: 'inbound', pid: 8, admin: null },
  ];

  it('makes a slice suspect whose pods’ clocks were not all read, and says whose', () => {
    const { status, reasons } = withClocksMissing(
      { ...valid, reasons: [] },
      { cpu: [edges(7)] },
      { agents: [], processes },
    );
    expect(status).toBe('suspect');
    expect(reasons).toEqual(['the CPU clock of inbound could not be read at its edges']);
  });

  it('says nothing where all were read, or where this machine has no such clocks', () => {
    const whole = { ...valid, reasons: [] };
    expect(withClocksMissing(whole, { cpu: [edges(7), edges(8)] }, { agents: [], processes })).toEqual(valid);
    expect(withClocksMissing(whole, { cpu: [] }, { processes })).toEqual(valid);
  });
});

it('a slice whose agents may not have begun together is suspect, and the record keeps each agent’s own part', () => {
  const session = { round: 1, replica: 2, standing: new Map() } as unknown as Session;
  const planned = {
    ...oneSecond,
    block: 3,
    position: 0,
    track: 'long',
    variant: 'plain',
    arrivalSeed: 7,
  } as const;
  const doubts = ['load agent 2 on b began 12 ms after the others'];
  const told = {
    ...seen({}),
    event: 'slice' as const,
    seq: 9,
    target: 'plain',
    warmupRequests: 0,
    bytesReceived: 0,
    latency: null,
    sendLatency: null,
    beyondResidence: null,
    cpu: [],
    agents: [],
    failed: null,
    doubts,
  };
  const slice = loadgenSlice(session, planned, told, 'open');
  expect(slice.validity).toEqual({ status: 'suspect', reasons: doubts });
  expect(slice.agents).toEqual([]);
  expect(slice).not.toHaveProperty('doubts');
  const late = loadgenSlice(session, planned, { ...told, sendLag: lag(40e6) }, 'open');
  expect(late.validity.status).toBe('invalid');
  expect(late.validity.reasons).toContain(doubts[0]);
});
