/** Two runs beside each other: the levels both have. */
import type { Level } from '../record/index.js';

export type LevelComparison = Pick<Level, 'variant' | 'metric' | 'track'> & {
  readonly before: number;
  readonly after: number;
  /** after / before. */
  readonly ratio: number;
  readonly low: number | null;
  readonly high: number | null;
};

/**
 * Every level that both runs know with a value above 0. The ratio's interval adds the two relative half widths as
 * independent errors (their squares, on the log scale); what the machine did between the runs is not in it.
 */
export function compareLevels(before: readonly Level[], after: readonly Level[]): LevelComparison[] {
  return before.flatMap((first) => {
    const second = after.find(
      (one) => one.variant === first.variant && one.metric === first.metric && one.track === first.track,
    );
    if (first.value === null || first.value <= 0) return [];
    if (second === undefined || second.value === null || second.value <= 0) return [];
    const ratio = second.value / first.value;
    const halfWidths = [logHalfWidth(first), logHalfWidth(second)];
    const known = halfWidths.filter((width) => width !== null);
    const width = known.length === 2 ? Math.hypot(...known) : null;
    return [
      {
        variant: first.variant,
        metric: first.metric,
        track: first.track,
        before: first.value,
        after: second.value,
        ratio,
        low: width === null ? null : ratio * Math.exp(-width),
        high: width === null ? null : ratio * Math.exp(width),
      },
    ];
  });
}

function logHalfWidth(level: Level): number | null {
  return level.low === null || level.high === null || level.low <= 0
    ? null
    : Math.log(level.high / level.low) / 2;
}
