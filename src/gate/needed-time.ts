/** How long a run would have to be to decide what this one could not. */
import type { Effect, GateRule } from '../record/index.js';

/**
 * To decide in 80 % of runs and not in half of them, an interval must be so much narrower than the distance to the limit:
 * 0.84 standard errors more, which beside the half width of a 99 % interval is about a third.
 */
export const POWER_FACTOR = 4 / 3;
/** Beyond this many times as long, nobody waits, and the figure says nothing. */
const MOST_TIMES = 1000;

/**
 * One sentence for an effect that a run of `seconds` left on both sides of a rule's limit: how long it would take where
 * there is no change, or, when this run was long enough for that, at the change it found. The error of an interval falls
 * with the square root of time. Null where the effect has no interval of its ratio.
 */
export function neededTime(rule: GateRule, { ratio, low, high }: Effect, seconds: number): string | null {
  if (ratio === null || low === null || high === null || low <= 0 || ratio <= 0) return null;
  const halfWidth = (Math.log(high) - Math.log(low)) / 2;
  const limit =
    rule.maxIncrease === null ? Math.log1p(-(rule.maxDecrease ?? 0)) : Math.log1p(rule.maxIncrease);
  const whereNone = times(halfWidth, limit);
  if (whereNone > 1) {
    const share = rule.maxIncrease ?? rule.maxDecrease ?? 0;
    return whereNone > MOST_TIMES
      ? `No run of a length that anybody waits for decides a limit of ${percent(share)} on this machine.`
      : `This machine cannot decide ${percent(share)} in ${duration(seconds)}; it needs about ${duration(whereNone * seconds)}.`;
  }
  const asFound = times(halfWidth, Math.log(ratio) - limit);
  return asFound > MOST_TIMES
    ? 'The change that was found is the limit itself, which no run decides.'
    : `If the change is what was found, about ${duration(Math.max(1, asFound) * seconds)} would decide it.`;
}

/** How many times as long a run must be for its interval to leave that distance. */
function times(halfWidth: number, distance: number): number {
  return ((POWER_FACTOR * halfWidth) / Math.abs(distance)) ** 2;
}

/** Seconds in words that suit a guess: "45 s", "6 min", "2.5 h". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
