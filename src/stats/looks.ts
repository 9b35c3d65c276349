/** What each look at a run could tell of its gate, from the slices that there were by then. */
import {
  type Look,
  type LookFinding,
  METRICS,
  type PlannedAnalysis,
  type RunRecord,
  type SliceRecord,
  type WindowRecord,
} from '../record/index.js';
import { createMeasurements, gatedEffect } from './effects.js';
import { gatedLevelOf, sequentialPlanOf } from './gated-level.js';
import { type GateQuestion, gateQuestions } from './multiplicity.js';
import { provenEvidence } from './proven-evidence.js';
import { limitOf, towardsWorse } from './question.js';
import { decideAtLook, type SequentialOutcome } from './sequential.js';

export type LookedAt = Pick<RunRecord, 'planned' | 'variants'>;

/**
 * The look after `replicas` whole sets of fresh processes, given those before it; null where none is planned then.
 * What was measured on later sets is left out, so that a look during the run and one at its record are the same. Throws
 * RangeError when a histogram of the record cannot be decoded.
 */
export function lookAfter(
  run: LookedAt,
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
  replicas: number,
  before: readonly Look[],
): Look | null {
  const { planned } = run;
  const plan = sequentialPlanOf(planned);
  const index = plan?.looks.indexOf(replicas) ?? -1;
  if (plan === null || index < 0) return null;
  const byThen = (one: { readonly replica: number }) => one.replica < replicas;
  const { evidence } = provenEvidence(run.variants, slices.filter(byThen), windows.filter(byThen));
  const measurements = createMeasurements(evidence);
  const level = gatedLevelOf(planned, replicas);
  const asked = gateQuestions(planned).map((question) => {
    const { effect, estimate } = gatedEffect(planned, measurements, evidence, question, level);
    const forbidden =
      effect.overruled === true ||
      ['not-exercised', 'unavailable', 'failed', 'invalid'].includes(effect.verdict);
    return { question, effect, estimate: forbidden ? null : estimate };
  });
  const outcomes = decideAtLook(
    plan,
    index,
    asked.map(({ question, estimate }) => ({
      estimate: estimate === null ? null : towardsWorse(question, estimate),
      limit: limitOf(question, estimate),
    })),
    before.at(-1)?.findings.map(({ decision }) => decision) ?? [],
  );
  return {
    replicas,
    findings: asked.map(({ question, effect, estimate }, at) => {
      const outcome = outcomes[at] as SequentialOutcome;
      const scale = estimate?.scale === 'difference' ? 'difference' : 'ratio';
      return {
        rule: question.rule,
        metric: question.metric,
        candidate: question.candidate,
        baseline: question.baseline,
        scale,
        value: scale === 'ratio' ? effect.ratio : effect.difference,
        ...endsOf(question, outcome, scale),
        decision: outcome.decision,
        equivalent: estimate !== null && effect.verdict === 'equivalent',
      };
    }),
  };
}

/** Every look that `replicas` whole sets of fresh processes allow, in order. Throws as `lookAfter` does. */
export function looksUpTo(
  run: LookedAt,
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
  replicas: number,
): Look[] {
  const looks: Look[] = [];
  for (const at of run.planned.looks ?? []) {
    const found = at <= replicas ? lookAfter(run, slices, windows, at, looks) : null;
    if (found !== null) looks.push(found);
  }
  return looks;
}

/** Whole sets of fresh processes of a stored run: as it says itself, or those that another one followed. */
export function wholeReplicas(
  run: Pick<RunRecord, 'ending' | 'state'> & { readonly planned: PlannedAnalysis },
  slices: readonly SliceRecord[],
): number {
  if (run.ending !== undefined) return run.ending.replicas;
  if (run.state === 'finished') return run.planned.replicas;
  return slices.reduce((most, { replica }) => Math.max(most, replica), 0);
}

function endsOf(
  { metric }: GateQuestion,
  { low, high }: SequentialOutcome,
  scale: LookFinding['scale'],
): Pick<LookFinding, 'low' | 'high'> {
  const turned = METRICS[metric].goodness === 'lower' ? [low, high] : [-high, -low];
  const [from, to] = turned.map((end) =>
    Number.isFinite(end) ? (scale === 'ratio' ? Math.exp(end) : end) : null,
  );
  return { low: from ?? null, high: to ?? null };
}
