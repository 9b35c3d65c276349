/** Kolmogorov and Smirnov's test of a sample against a distribution. */

/** Largest distance between the sample's distribution and `cumulative`, and the value at which it is. */
export function ksFurthest(
  sample: readonly number[],
  cumulative: (value: number) => number,
): { readonly distance: number; readonly at: number } {
  const sorted = [...sample].sort((a, b) => a - b);
  let furthest = { distance: 0, at: 0 };
  sorted.forEach((value, index) => {
    const expected = cumulative(value);
    const distance = Math.max(expected - index / sorted.length, (index + 1) / sorted.length - expected);
    if (distance > furthest.distance) furthest = { distance, at: value };
  });
  return furthest;
}

/**
 * Probability that a sample of so many true ones is at least so far away: Kolmogorov's series, with Stephens' correction for
 * small samples ("Use of the Kolmogorov–Smirnov, Cramér–von Mises and related statistics without extensive tables", 1970).
 */
export function ksPValue(distance: number, count: number): number {
  const root = Math.sqrt(count);
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let term = 1; term <= 100; term += 1) {
    sum += (term % 2 === 1 ? 1 : -1) * Math.exp(-2 * term ** 2 * lambda ** 2);
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/** The exponential distribution of that mean. */
export function exponential(mean: number): (value: number) => number {
  return (value) => (value <= 0 ? 0 : 1 - Math.exp(-value / mean));
}

/** The uniform distribution between two values. */
export function uniform(from: number, to: number): (value: number) => number {
  return (value) => Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/** Times between the values, in order. */
export function gapsOf(times: readonly number[]): number[] {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.slice(1).map((time, index) => time - (sorted[index] ?? 0));
}
