import { describe, expect, it } from 'vitest';
import type { SliceRecord, WindowRecord } from '../record/index.js';
import { chargeCpu } from './cpu-charge.js';
import { collectEvidence, type Evidence } from './evidence.js';
import { buildRun } from './testing/record-builder.js';

/** One variant with one round of two micro slices of 100 requests and 50 of warm-up; every number by hand. */
function byHand(
  change: { slice?: (slice: SliceRecord, index: number) => SliceRecord; noIdle?: boolean } = {},
): Evidence {
  const built = buildRun({
    variants: [{ id: 'plain', roles: ['outbound'] }],
    rounds: 1,
    microBlocksPerRound: 2,
    longBlocksPerRound: 0,
  });
  // µs: the first slice 1,000–2,000, the second warms up 3,000–3,500 and measures 3,500–4,500, the part ends at 6,000.
  const clocks = [
    { start: 1000, end: 2000, cpu: { warmupStartNs: 0, startNs: 40_000, endNs: 140_000 } },
    { start: 3500, end: 4500, cpu: { warmupStartNs: 160_000, startNs: 200_000, endNs: 310_000 } },
  ];
  const slices = built.slices.map((slice, index) => {
    const clock = clocks[index];
    const edge = slice.cpu[0];
    if (clock === undefined || edge === undefined) throw new Error('two slices of one process are expected');
    const placed: SliceRecord = {
      ...slice,
      requests: 100,
      warmupRequests: 50,
      startedAtMicros: clock.start,
      endedAtMicros: clock.end,
      cpu: [{ ...edge, ...clock.cpu }],
    };
    return change.slice?.(placed, index) ?? placed;
  });
  const windows = built.windows.flatMap((window): WindowRecord[] => {
    if (window.track === 'idle') {
      // 2 µs of CPU in 1,000 µs: a share of 0.002.
      return change.noIdle === true ? [] : [moved(window, { at: 0, cpuNs: 0 }, { at: 1000, cpuNs: 2000 })];
    }
    return [moved(window, { at: 900, cpuNs: 0 }, { at: 6000, cpuNs: 330_000 })];
  });
  const evidence = collectEvidence(built.run.variants, slices, windows).get('plain');
  if (evidence === undefined) throw new Error('the variant has no evidence');
  return evidence;
}

function moved(
  window: WindowRecord,
  start: { at: number; cpuNs: number },
  end: { at: number; cpuNs: number },
): WindowRecord {
  const at = (snapshot: WindowRecord['start'], edge: { at: number; cpuNs: number }) => ({
    ...snapshot,
    atMicros: edge.at,
    processes: snapshot.processes.map((process) => ({ ...process, cpuNs: edge.cpuNs })),
  });
  return { ...window, start: at(window.start, start), end: at(window.end, end) };
}

describe('the CPU that a slice is charged with', () => {
  it('runs to the next warm-up, and of the last slice to the end of the part, less the idle control', () => {
    const charge = chargeCpu(byHand(), 'micro');
    // First: 100 µs inside, 20 after it until the next warm-up at 3,000 µs, less 0.002 · 1,000 = 2.
    // Last: 110 inside, 20 after it until 6,000 µs, less 0.002 · 1,500 = 3.
    expect(charge.totals.get(0)?.denominator).toBe(200);
    expect(charge.totals.get(0)?.numerator).toBeCloseTo(100 + 18 + 110 + 17, 9);
    expect(charge.outsideShare).toBeCloseTo(35 / 245, 12);
  });

  it('is not lessened where no idle stretch was measured', () => {
    expect(chargeCpu(byHand({ noIdle: true }), 'micro').totals.get(0)?.numerator).toBeCloseTo(250, 9);
  });

  it('is not clipped when a process idles more than its control', () => {
    const evidence = byHand({
      slice: (slice, index) =>
        index === 0
          ? slice
          : { ...slice, cpu: slice.cpu.map((edge) => ({ ...edge, warmupStartNs: 140_000 })) },
    });
    expect(chargeCpu(evidence, 'micro').totals.get(0)?.numerator).toBeCloseTo(100 - 2 + 110 + 17, 9);
  });

  it('leaves out a failed slice, which still closes the account of the one before', () => {
    const evidence = byHand({
      slice: (slice, index) =>
        index === 0 ? slice : { ...slice, status: { state: 'failed', reason: 'it stopped answering' } },
    });
    const totals = chargeCpu(evidence, 'micro').totals.get(0);
    expect(totals?.denominator).toBe(100);
    expect(totals?.numerator).toBeCloseTo(118, 9);
  });

  it('is not made up when a process has no clock', () => {
    const evidence = byHand({ slice: (slice) => ({ ...slice, cpu: [] }) });
    const charge = chargeCpu(evidence, 'micro');
    expect(charge.totals.size).toBe(0);
    expect(charge.unreadable).toBe(2);
    expect(charge.outsideShare).toBeNull();
  });
});
