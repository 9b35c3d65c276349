import { describe, expect, it } from 'vitest';
import type { Level } from '../record/index.js';
import { compareLevels } from './compare-levels.js';

function level(value: number | null, low: number | null, high: number | null): Level {
  return { variant: 'plain', metric: 'cpu.per_request', track: 'micro', value, low, high, reason: null };
}

describe('compareLevels', () => {
  it('divides after by before and adds the relative errors as independent ones', () => {
    const [row] = compareLevels([level(100, 100 / 1.03, 103)], [level(110, 110 / 1.04, 110 * 1.04)]);
    expect(row?.ratio).toBeCloseTo(1.1, 10);
    const width = Math.hypot(Math.log(1.03), Math.log(1.04));
    expect(row?.low).toBeCloseTo(1.1 * Math.exp(-width), 10);
    expect(row?.high).toBeCloseTo(1.1 * Math.exp(width), 10);
  });

  it('leaves out what one of the runs does not know', () => {
    expect(compareLevels([level(null, null, null)], [level(1, 1, 1)])).toEqual([]);
    expect(compareLevels([level(1, 1, 1)], [])).toEqual([]);
  });

  it('gives no interval where a level has none', () => {
    const [row] = compareLevels([level(10, null, null)], [level(20, 19, 21)]);
    expect(row).toMatchObject({ ratio: 2, low: null, high: null });
  });
});
