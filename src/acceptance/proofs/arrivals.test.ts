import { describe, expect, it } from 'vitest';
import { achievedRate, lateP99Micros, quantile } from './arrivals.js';

const evenly = (count: number, ratePerSecond: number) =>
  Array.from({ length: count }, (_, index) => 7e12 + (index * 1e9) / ratePerSecond);

describe('requests against an even schedule', () => {
  it('are not late when they come evenly, whatever the offset', () => {
    expect(lateP99Micros(evenly(1000, 2000), 2000)).toBeCloseTo(0, 3);
  });

  it('are late by what a stall holds back, and never early', () => {
    const stalled = evenly(1000, 1000).map((atNs, index) =>
      index >= 500 && index < 550 ? 7e12 + 550e6 : atNs,
    );
    // Of the 800 that count, eight are later than 41 ms.
    expect(lateP99Micros(stalled, 1000)).toBeCloseTo(42_000, -3);
  });

  it('fall behind when the rate is not held', () => {
    expect(lateP99Micros(evenly(1000, 990), 1000)).toBeGreaterThan(7000);
    expect(achievedRate(evenly(1000, 990))).toBeCloseTo(990, 6);
  });

  it('say nothing when there are few', () => {
    expect(lateP99Micros(evenly(50, 100), 100)).toBeNull();
    expect(achievedRate([1])).toBe(0);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('have quantiles by nearest rank', () => {
    expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(quantile([5, 1, 4, 2, 3], 1)).toBe(5);
  });
});
