import { describe, expect, it } from 'vitest';
import { parseCoreList, splitCores } from './cores.js';

describe('splitCores', () => {
  it('gives each side a core of its own on two cores', () => {
    expect(splitCores([0, 1], true)).toEqual({ generator: [0], dataPlane: [1], shared: null });
  });

  it('gives the data plane the larger half of an odd number', () => {
    expect(splitCores([2, 3, 5], true)).toEqual({ generator: [2], dataPlane: [3, 5], shared: null });
  });

  it('says why the sides share a single core', () => {
    expect(splitCores([0], true).shared).toMatch(/one core/);
  });

  it('shares every core where the platform cannot pin', () => {
    const split = splitCores([0, 1, 2, 3], false);
    expect(split.generator).toEqual(split.dataPlane);
    expect(split.shared).toMatch(/cannot pin/);
  });
});

describe('parseCoreList', () => {
  it('reads single cores and ranges', () => {
    expect(parseCoreList('0-2,5,7-8')).toEqual([0, 1, 2, 5, 7, 8]);
  });
});
