/** The variants that stand in each cell: those declared, under names of the cell's own. */
import type { Ablation, GateRule, Pair } from '../record/index.js';
import { clusterOfStep, type Scenario, type ScenarioLoad, type ScenarioWorkload } from '../scenario/index.js';
import { carriedAs, resolveVariant, type VariantSpec } from '../variants/index.js';
import { counterpartOf, gateFor, pairsOf } from './pairs.js';

/** Where there is no long slice: short ones are a closed loop of loadgen. */
const NO_LOAD: ScenarioLoad = { driver: 'loadgen', model: 'closed', thinkMs: 0 };

/** A cell with what stands and is compared in it. */
export interface CellPlan {
  /** Null where there is but one workload. */
  readonly cell: { readonly id: string; readonly values: Readonly<Record<string, string>> } | null;
  readonly workload: ScenarioWorkload;
  readonly load: ScenarioLoad;
  readonly variants: readonly VariantSpec[];
  readonly baseline: string | null;
  readonly pairs: readonly Pair[];
  readonly gate: readonly GateRule[];
  readonly counterparts: Readonly<Record<string, string | null>>;
}

/** The cells of a scenario with the variants that take part, one without a name where there is but one workload. */
export function cellPlans(scenario: Scenario, declared: Scenario['variants']): CellPlan[] {
  const { workload, load, cells } = scenario;
  if (cells.length === 0) return [cellPlan(scenario, declared, null, workload, load)];
  return cells.map((cell) => cellPlan(scenario, declared, cell, cell.workload, cell.load));
}

function cellPlan(
  scenario: Scenario,
  declared: Scenario['variants'],
  cell: CellPlan['cell'],
  workload: ScenarioWorkload,
  load: ScenarioLoad | null,
): CellPlan {
  const named = (id: string) => (cell === null ? id : `${id}@${cell.id}`);
  const { topology, baseline } = scenario;
  const variants = declared.map((variant) => ({ ...variant, id: named(variant.id) }));
  const own = {
    baseline: baseline === null ? null : named(baseline),
    compare: scenario.compare.map((pair) => ({
      candidate: named(pair.candidate),
      baseline: named(pair.baseline),
    })),
    ablation: ablationOf(scenario, declared),
  };
  const rules = scenario.gate.map((rule) => ({ ...rule, variants: rule.variants?.map(named) ?? null }));
  return {
    cell,
    workload,
    load: load ?? NO_LOAD,
    variants: variants.map((variant) =>
      resolveVariant(variant, {
        roles: topology.roles,
        clusterOf: clusterOfStep(topology.clusters),
        connections: workload.connections,
        protocol: carriedAs(workload.protocol),
      }),
    ),
    baseline: own.baseline,
    pairs: pairsOf(own, variants),
    gate: gateFor(rules, own.baseline, variants),
    counterparts: Object.fromEntries(variants.map((one) => [one.id, counterpartOf(one, variants)])),
  };
}

/** The scenario's ablation with the factors whose variants take part; null when none is left. */
export function ablationOf(
  { ablation }: Pick<Scenario, 'ablation'>,
  declared: Scenario['variants'],
): Ablation | null {
  const present = (id: string) => declared.some((variant) => variant.id === id);
  if (ablation === null || !present(ablation.from) || !present(ablation.to)) return null;
  const factors = ablation.factors.filter(({ off, on }) => present(off) && present(on));
  return factors.length === 0 ? null : { ...ablation, factors };
}

/**
 * The cells' rules as one list: a rule of the scenario once, for its variants in every cell, so that the errors it may
 * make are shared out over all of them.
 */
export function gateOver(cells: readonly CellPlan[]): GateRule[] {
  const rules = new Map<string, GateRule>();
  for (const { gate } of cells) {
    for (const { variants, ...rule } of gate) {
      const name = JSON.stringify(rule);
      const before = rules.get(name)?.variants ?? [];
      rules.set(name, { ...rule, variants: [...before, ...(variants ?? [])] });
    }
  }
  return [...rules.values()];
}
