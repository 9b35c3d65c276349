import { describe, expect, it } from 'vitest';
import { createLatencyRecorder, type SliceRecord, type WindowRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { buildRun } from './testing/record-builder.js';

const REQUESTS = 100;
/** Mean times in µs that the servers' clocks show: each server's own share is what is left of the next one's. */
const SERVED = { outbound: 900, inbound: 600, service: 200 };
const UPSTREAM = { outbound: 700, inbound: 350, service: 0 };

function timed(window: WindowRecord): WindowRecord {
  const snapshot = (at: WindowRecord['start'], count: number) => ({
    ...at,
    processes: [
      ...at.processes,
      ...at.processes.slice(0, 1).map((process) => ({ ...process, role: 'service', pid: process.pid + 1e6 })),
    ].map((process) => {
      const role = process.role as keyof typeof SERVED;
      if (SERVED[role] === undefined) return process;
      const witness = {
        ...process.witness,
        timedRequests: count,
        servedNs: count * SERVED[role] * 1000,
        upstreamNs: count * UPSTREAM[role] * 1000,
      };
      return { ...process, witness };
    }),
  });
  return { ...window, start: snapshot(window.start, 50), end: snapshot(window.end, 50 + REQUESTS) };
}

/** Every request took a millisecond from its sending. */
function waited(slice: SliceRecord): SliceRecord {
  const recorder = createLatencyRecorder();
  for (let index = 0; index < REQUESTS; index++) recorder.record(1e6);
  return { ...slice, sendLatency: recorder.encode() };
}

function splitOf(change: (window: WindowRecord) => WindowRecord) {
  const built = buildRun({ variants: [{ id: 'x' }], rounds: 4, microBlocksPerRound: 0 });
  const { analysis } = analyse(built.run, built.slices.map(waited), built.windows.map(change));
  return analysis.hopSplit ?? [];
}

describe('the split of a request’s time', () => {
  it('takes from each wait what the next server worked, and adds up to what the client waited', () => {
    const [split] = splitOf(timed);
    expect(split?.requests).toBe(4 * REQUESTS);
    const micros = Object.fromEntries(
      split?.parts.map((part) => [part.name, Math.round(part.meanMicros)]) ?? [],
    );
    expect(Object.entries(micros)).toEqual([
      ['wire client → outbound', expect.closeTo(100, -1)],
      ['outbound sidecar', 200],
      ['wire outbound → inbound', 100],
      ['inbound sidecar', 250],
      ['wire inbound → service', 150],
      ['service', 200],
    ]);
    const sum = split?.parts.reduce((total, part) => total + part.meanMicros, 0);
    expect(sum).toBeCloseTo(1000, -1);
  });

  it('has an interval for each part', () => {
    for (const part of splitOf(timed)[0]?.parts ?? []) {
      expect(part.low).toBeLessThan(part.meanMicros + 1e-6);
      expect(part.high).toBeGreaterThan(part.meanMicros - 1e-6);
    }
  });

  it('is left out where a server did not time its requests', () => {
    expect(splitOf((window) => window)).toEqual([]);
  });
});
