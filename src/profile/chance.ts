/** What chance can do: values estimated from samples, and when two of them differ by more than that. */

/** A value that grows as stacks are added to it. */
export interface Sum {
  value: number;
  variance: number;
  samples: number;
}

export function emptySum(): Sum {
  return { value: 0, variance: 0, samples: 0 };
}

export function addTo(sum: Sum, { value, variance, samples }: Readonly<Sum>): void {
  sum.value += value;
  sum.variance += variance;
  sum.samples += samples;
}

/** Hundreds of functions are looked at, and the largest is named: by chance alone one in a thousand passes this. */
const CHANCE_ERRORS = 3.3;
/** Few samples are not spread as a normal distribution has it: with fewer on both sides nothing is called moved. */
const FEWEST_SAMPLES = 10;

/** Of the difference of two values. */
export function standardErrorOf(before: Sum, after: Sum): number {
  return Math.sqrt(before.variance + after.variance);
}

/** Whether two values differ by more than what sampling alone explains. */
export function isBeyondChance(before: Sum, after: Sum): boolean {
  return (
    before.samples + after.samples >= FEWEST_SAMPLES &&
    Math.abs(after.value - before.value) > CHANCE_ERRORS * standardErrorOf(before, after)
  );
}
