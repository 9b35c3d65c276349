import { describe, expect, it } from 'vitest';
import type { Effect, Level, SliceRecord } from '../record/index.js';
import { createLatencyRecorder } from '../record/index.js';
import { sendLagReasons } from './send-lag.js';

/** Long slices of 1,000 requests: the service takes `servedMs` at p50 and `tailMs` beyond p98, each sent `lagMs` late. */
function long(servedMs: number, lagMs: number, tailMs = servedMs * 4, lateTailMs = lagMs) {
  const encode = (of: (index: number) => number) => {
    const recorder = createLatencyRecorder();
    for (let index = 0; index < 1000; index++) recorder.record(of(index) * 1e6);
    return recorder.encode();
  };
  const served = (index: number) => (index < 980 ? servedMs : tailMs) * (0.95 + 0.0001 * index);
  const lag = (index: number) => (index < 980 ? lagMs : lateTailMs);
  const slice = {
    latency: encode((index) => served(index) + lag(index)),
    sendLatency: encode(served),
    sendLag: encode(lag),
  } as SliceRecord;
  return { usable: { long: [slice], micro: [], 'cross-check': [] } };
}

type Judged = Pick<Effect, 'metric' | 'verdict' | 'difference'>;

function reasons(
  judged: Judged,
  plain: ReturnType<typeof long>,
  other: ReturnType<typeof long>,
  levelMs = 1,
): string[] {
  const effect = { ...judged, baseline: 'plain', candidate: 'other' } as Effect;
  const level = { variant: 'plain', metric: judged.metric, value: levelMs } as Level;
  const evidence = new Map([
    ['plain', plain],
    ['other', other],
  ]);
  return sendLagReasons({ effects: [effect], levels: [level], evidence, margin: 0.03 });
}

const p50 = (difference: number, verdict: Effect['verdict'] = 'worse'): Judged => ({
  metric: 'latency.p50',
  verdict,
  difference,
});

describe('sendLagReasons', () => {
  it('lets lateness that both have cancel in the difference of their medians', () => {
    expect(reasons(p50(0.02), long(0.3, 0.015), long(0.32, 0.015))).toEqual([]);
  });

  it('doubts a difference of medians that lateness made', () => {
    expect(reasons(p50(0.04), long(0.3, 0.015), long(0.3, 0.055))).toEqual([
      'other against plain, p50: that requests left late makes 0.040 ms of it, more than a fifth of the 0.040 ms judged',
    ]);
  });

  it('doubts a difference that lateness hid, too', () => {
    expect(reasons(p50(0, 'equivalent'), long(0.34, 0.01), long(0.3, 0.05), 0.35)).toEqual([
      expect.stringMatching(/^other against plain, p50: that requests left late makes 0\.04\d ms of it/),
    ]);
  });

  it('doubts that medians are equal which are lateness for the most part, and no change that was found for all that', () => {
    expect(reasons(p50(0, 'equivalent'), long(0.1, 0.2), long(0.1, 0.2), 0.3)).toEqual([
      expect.stringMatching(
        /is that requests left late, more than a fifth, behind which a change could hide/,
      ),
    ]);
    expect(reasons(p50(0.4), long(0.1, 0.2), long(0.5, 0.2))).toEqual([]);
  });

  it('holds the slowest requests against the latest, which both may have', () => {
    const tail: Judged = { metric: 'latency.p99', verdict: 'worse', difference: 1 };
    const late = (servedMs: number) => long(servedMs, 0.01, servedMs * 4, 0.3);
    expect(reasons(tail, late(1), late(1.25))).toEqual([
      'other against plain, p99: requests left up to 0.300 ms late there, more than a fifth of the 1.000 ms judged',
    ]);
    expect(reasons({ ...tail, difference: 2 }, late(1), late(1.5))).toEqual([]);
    // What happens to a hundredth of the requests is nothing to the median.
    expect(reasons(p50(0.25), late(1), late(1.25))).toEqual([]);
  });

  it('has nothing to say of an effect on which nothing is concluded, or of a driver without a schedule', () => {
    expect(reasons(p50(0.04, 'inconclusive'), long(0.3, 0.015), long(0.3, 0.055))).toEqual([]);
    const none = { usable: { long: [], micro: [], 'cross-check': [] } };
    expect(reasons(p50(0.04), long(0.3, 0.015), none)).toEqual([]);
  });
});
