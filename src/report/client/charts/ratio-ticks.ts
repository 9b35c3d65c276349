/** Marks of an axis on which halving and doubling are equally far from no change. */

/** Ratios that make good ticks; those that the range has room for are shown. */
const TICKS = [0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10];

/** Logarithms of the ratios to mark between two, at most so many, no two closer than the space for a label. */
export function ratioTicks(low: number, high: number, most: number): readonly number[] {
  const room = (high - low) / most;
  const kept: number[] = [0];
  for (const ratio of TICKS) {
    const at = Math.log(ratio);
    if (at > low && at < high && kept.every((other) => Math.abs(other - at) >= room)) kept.push(at);
  }
  return kept.sort((a, b) => a - b);
}
