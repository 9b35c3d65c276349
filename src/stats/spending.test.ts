import { describe, expect, it } from 'vitest';
import { normalQuantile } from './special-functions.js';
import { nominalLevels, spentUpTo } from './spending.js';

describe('error spending', () => {
  it('spends all of the error by the end, and little before', () => {
    expect(spentUpTo(0.025, 1)).toBeCloseTo(0.025, 12);
    expect(spentUpTo(0.025, 0.25)).toBeLessThan(0.0001);
    expect(spentUpTo(0.025, 0.5)).toBeGreaterThan(spentUpTo(0.025, 0.4));
  });

  // As R's ldbounds prints them (Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21, 2000), for two sides of 0.025.
  it('has the published bounds of five equal looks', () => {
    const bounds = nominalLevels(0.025, [0.2, 0.4, 0.6, 0.8, 1]).map((p) => -normalQuantile(p));
    const published = [4.8769, 3.3569, 2.6803, 2.2898, 2.031];
    for (const [look, bound] of bounds.entries()) expect(bound).toBeCloseTo(published[look] ?? 0, 3);
  });

  it('is the plain test with one look, and allows more with more error', () => {
    expect(nominalLevels(0.01, [1])[0]).toBeCloseTo(0.01, 10);
    const [strict, lax] = [nominalLevels(0.005, [0.5, 1]), nominalLevels(0.02, [0.5, 1])];
    for (const [look, level] of strict.entries()) expect(level).toBeLessThan(lax[look] ?? 0);
  });
});
