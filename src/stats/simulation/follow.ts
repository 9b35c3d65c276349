/** One run that may end early, in a simulation. */
import { type Estimate, jackknife } from '../jackknife.js';
import type { Random } from '../random.js';
import { decideAtLook, type SequentialDecision, type SequentialPlan } from '../sequential.js';
import type { PairedUnit } from './intervals.js';
import type { ReplicaStream } from './streams.js';

/** A plan with what does not matter: a ratio within 1/(1 + margin) to 1 + margin, as a fraction. */
export interface FollowedPlan extends SequentialPlan {
  readonly margin: number;
}

export interface Stopped {
  readonly decision: 'worse' | 'equivalent' | 'undecided';
  readonly replicas: number;
  /** Whether the interval at the stop holds the true ratio. */
  readonly covered: boolean;
}

/** Follows one stream, look by look, until it is decided or the looks are over. */
export function follow(plan: FollowedPlan, stream: ReplicaStream, ratio: number, random: Random): Stopped {
  const limit = Math.log1p(plan.margin);
  const units = stream.draw(random, plan.looks.at(-1) ?? 0, ratio);
  let stopped: Stopped = { decision: 'undecided', replicas: 0, covered: true };
  for (const [look, replicas] of plan.looks.entries()) {
    const [outcome] = decideAtLook(
      plan,
      look,
      [{ estimate: estimateOf(units.slice(0, replicas)), limit }],
      [],
    );
    if (outcome === undefined) break;
    const { low, high } = outcome;
    const decision =
      outcome.decision === 'worse' ? 'worse' : low >= -limit && high <= limit ? 'equivalent' : 'undecided';
    const covered = low <= Math.log(ratio) && Math.log(ratio) <= high;
    stopped = { decision, replicas, covered };
    if (decision !== 'undecided') break;
  }
  return stopped;
}

/** Follows a metric for each of these true ratios at once, each with a stream of its own and the margin for its limit. */
export function followSeveral(
  plan: FollowedPlan,
  stream: ReplicaStream,
  ratios: readonly number[],
  random: Random,
): readonly SequentialDecision[] {
  const streams = ratios.map((ratio) => stream.draw(random, plan.looks.at(-1) ?? 0, ratio));
  let decisions: readonly SequentialDecision[] = [];
  for (const [look, replicas] of plan.looks.entries()) {
    const questions = streams.map((units) => ({
      estimate: estimateOf(units.slice(0, replicas)),
      limit: Math.log1p(plan.margin),
    }));
    decisions = decideAtLook(plan, look, questions, decisions).map(({ decision }) => decision);
    if (!decisions.includes('undecided')) break;
  }
  return decisions;
}

/** The log of the ratio of totals over these replicas. */
function estimateOf(units: readonly PairedUnit[]): Estimate {
  let candidate = 0;
  let baseline = 0;
  for (const unit of units) {
    candidate += unit.candidate;
    baseline += unit.baseline;
  }
  return jackknife(
    Math.log(candidate / baseline),
    units.map((unit) => Math.log((candidate - unit.candidate) / (baseline - unit.baseline))),
  );
}
