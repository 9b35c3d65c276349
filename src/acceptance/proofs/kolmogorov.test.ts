import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../command-line.js';
import { exponential, gapsOf, ksFurthest, ksPValue, uniform } from './kolmogorov.js';

describe('the Kolmogorov–Smirnov test', () => {
  it.each([
    // Smirnov, "Table for estimating the goodness of fit of empirical distributions" (1948).
    { lambda: 1.2238, p: 0.1 },
    { lambda: 1.3581, p: 0.05 },
    { lambda: 1.6276, p: 0.01 },
    { lambda: 1.9495, p: 0.001 },
  ])('has $p at $lambda, as published', ({ lambda, p }) => {
    const count = 1e8;
    expect(ksPValue(lambda / Math.sqrt(count), count)).toBeCloseTo(p, 4);
  });

  it('measures the largest distance on either side of a step', () => {
    expect(ksFurthest([0.5], uniform(0, 1))).toEqual({ distance: 0.5, at: 0.5 });
    const { distance, at } = ksFurthest([0.1, 0.2, 0.9], uniform(0, 1));
    expect(distance).toBeCloseTo(2 / 3 - 0.2, 12);
    expect(at).toBe(0.2);
    expect(ksFurthest([6, 7], uniform(5, 9))).toEqual({ distance: 0.5, at: 7 });
  });

  it('agrees with SciPy on samples that fit and that do not', () => {
    const file = join(checkout, 'src', 'stats', 'reference', 'scipy.json');
    const { kolmogorov } = JSON.parse(readFileSync(file, 'utf8')) as {
      kolmogorov: { sample: number[]; distance: number; p: number }[];
    };
    expect(kolmogorov.length).toBeGreaterThan(4);
    for (const { sample, distance, p } of kolmogorov) {
      expect(ksFurthest(sample, exponential(1)).distance).toBeCloseTo(distance, 12);
      // SciPy's is exact; Stephens made his correction for the tail, and it is rougher where nothing is rejected.
      expect(Math.abs(ksPValue(distance, sample.length) - p)).toBeLessThan(p < 0.1 ? 0.003 : 0.03);
    }
  });

  it('takes exponential gaps for what they are, and constant ones not', () => {
    const quantiles = Array.from({ length: 500 }, (_, index) => -Math.log(1 - (index + 0.5) / 500));
    expect(ksPValue(ksFurthest(quantiles, exponential(1)).distance, 500)).toBeGreaterThan(0.99);
    const constant = gapsOf(Array.from({ length: 500 }, (_, index) => index));
    expect(ksPValue(ksFurthest(constant, exponential(1)).distance, 499)).toBeLessThan(1e-9);
  });
});
