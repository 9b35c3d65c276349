/** What a gate asks of an estimate: is it above a limit, both on one scale, on which more is worse. */
import { METRICS } from '../record/index.js';
import type { Comparison } from './comparison.js';
import type { Estimate } from './jackknife.js';
import type { GateQuestion } from './multiplicity.js';
import { studentTwoSidedP } from './special-functions.js';

type ScaledEstimate = NonNullable<Comparison['estimate']>;

/** An estimate turned round where higher is better. */
export function towardsWorse(
  { metric }: Pick<GateQuestion, 'metric'>,
  estimate: ScaledEstimate,
): ScaledEstimate {
  return METRICS[metric].goodness === 'lower' ? estimate : { ...estimate, value: -estimate.value };
}

/** The limit on the estimate's scale, more being worse; a difference is judged against 0, as by the gate. */
export function limitOf({ limits }: Pick<GateQuestion, 'limits'>, estimate: Comparison['estimate']): number {
  if (estimate?.scale === 'difference') return 0;
  return limits.maxIncrease === null
    ? -Math.log1p(-(limits.maxDecrease ?? 0))
    : Math.log1p(limits.maxIncrease);
}

/** One-sided p-value of "it is not above `limit`". */
export function upperP({ value, standardError, degreesOfFreedom }: Estimate, limit: number): number {
  if (standardError === 0) return value > limit ? 0 : 1;
  const t = (value - limit) / standardError;
  const tail = studentTwoSidedP(t, degreesOfFreedom) / 2;
  return t > 0 ? tail : 1 - tail;
}
