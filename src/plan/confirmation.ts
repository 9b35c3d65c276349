/** Running what may be a regression again before it is called one: the plan of that, and whether it has the time. */
import { CONFIRMATION_CONFIDENCE, type GateResult } from '../record/index.js';
import { clusterMs, estimateMs, roundsThatFit } from './estimate.js';
import type { Plan, Schedule } from './plan.js';
import { streamAt } from './random.js';

/** With fewer sets of fresh processes there is no interval. */
export const FEWEST_REPLICAS = 4;
/** Beside the numbers of the tracks, of standing up and of steps. */
const CONFIRMATION_NUMBER = 6;

/**
 * The plan that runs gate rules again that failed, or are suspected to: their variants alone, on fresh processes and with another seed that follows
 * from the run's own, at a confidence of its own, in as many rounds as the run had if that part of the budget allows. Null
 * where confirming is off.
 */
export function confirmationOf(plan: Plan, failed: readonly GateResult[]): Plan | null {
  const budgetMs = plan.schedule.confirmBudgetMs ?? 0;
  if (budgetMs === 0 || failed.length === 0) return null;
  const taking = (id: string) => failed.some(({ candidate, baseline }) => [candidate, baseline].includes(id));
  const variants = plan.variants.filter(({ id }) => taking(id));
  const wanted: Schedule = {
    ...plan.schedule,
    budgetMs,
    confirmBudgetMs: 0,
    seed: streamAt(plan.schedule.seed, CONFIRMATION_NUMBER).next32(),
    crossCheck: null,
    profiles: null,
  };
  const rounds = roundsThatFit(wanted, variants.length);
  if (rounds < FEWEST_REPLICAS) return null;
  const replicas = Math.min(wanted.replicas, rounds);
  const schedule = { ...wanted, rounds, replicas };
  const { looks, offloadCeiling: _, ...analysis } = plan.analysis;
  return {
    ...plan,
    schedule,
    variants,
    cells: plan.cells
      .map((cell) => ({ ...cell, variants: cell.variants.filter(taking) }))
      .filter((cell) => cell.variants.length > 0),
    analysis: {
      ...analysis,
      confidence: Math.min(analysis.confidence, CONFIRMATION_CONFIDENCE),
      ...(looks === undefined ? {} : { looks: looks.filter((at) => at <= replicas) }),
      pairs: plan.analysis.pairs.filter(({ candidate, baseline }) => taking(candidate) && taking(baseline)),
      gate: plan.analysis.gate.flatMap((rule) => {
        const candidates = failed
          .filter(({ metric }) => metric === rule.metric)
          .map(({ candidate }) => candidate);
        const own = [...new Set(candidates)].filter((id) => rule.variants?.includes(id) ?? true);
        return own.length === 0 ? [] : [{ ...rule, variants: own }];
      }),
      rounds,
      replicas,
    },
    ablation: null,
    estimatedSeconds:
      (estimateMs(schedule, variants.length) + clusterMs(plan.cluster.provider, schedule)) / 1000,
  };
}

/** Why a plan's part of the budget has no room to run a regression again, in one sentence; none where it has. */
export function* confirmationFaults(schedule: Schedule, variantCount: number): Generator<string> {
  const { confirmBudgetMs = 0, budgetMs } = schedule;
  if (confirmBudgetMs === 0) return;
  const shortest = {
    ...schedule,
    rounds: FEWEST_REPLICAS,
    replicas: FEWEST_REPLICAS,
    crossCheck: null,
    profiles: null,
  };
  const neededMs = estimateMs(shortest, variantCount);
  if (neededMs <= confirmBudgetMs) return;
  const percent = Math.ceil((neededMs / budgetMs) * 100);
  yield `\`slices.confirm\` leaves ${Number((confirmBudgetMs / 1000).toFixed(1))} s to run a regression again, which needs about ${Math.ceil(neededMs / 1000)} s; use ${percent <= 100 ? `\`confirm: ${percent}%\`` : 'a larger budget'}, or \`confirm: 0%\` for none`;
}
