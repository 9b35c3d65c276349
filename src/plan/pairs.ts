/** Which variants are compared with which. */
import { isDeepStrictEqual } from 'node:util';
import type { GateRule, Pair } from '../record/index.js';
import type { Scenario } from '../scenario/index.js';
import { catalogueRow, type Version, type WrittenOptions } from '../variants/index.js';

/** What of a declared variant decides what it is compared with. */
interface Declared {
  readonly id: string;
  readonly kind: string;
  readonly options?: WrittenOptions;
  readonly version?: Version;
}

/**
 * Every variant against the baseline, every other one against `direct`, then the scenario's own pairs, those of its
 * ablation, and each variant against the one that stands for its row's counterpart, unless they are compared the other
 * way round already; each once.
 * `variants` are those that take part; pairs of others are left out.
 */
export function pairsOf(
  scenario: Pick<Scenario, 'baseline' | 'compare' | 'ablation'>,
  variants: readonly Declared[],
): Pair[] {
  const present = new Set(variants.map(({ id }) => id));
  const direct = variants.filter(({ kind }) => kind === 'direct');
  const { baseline } = scenario;
  const wanted: Pair[] = [
    ...(baseline === null ? [] : variants.map(({ id }) => ({ candidate: id, baseline }))),
    ...direct.flatMap((control) =>
      variants
        .filter(({ kind }) => kind !== 'direct')
        .map(({ id }) => ({ candidate: id, baseline: control.id })),
    ),
    ...scenario.compare,
    ...ablationPairs(scenario.ablation),
  ];
  for (const variant of variants) {
    const { id } = variant;
    const counterpart = counterpartOf(variant, variants);
    const reversed = wanted.some((pair) => pair.candidate === counterpart && pair.baseline === id);
    if (counterpart !== null && !reversed) wanted.push({ candidate: id, baseline: counterpart });
  }
  const seen = new Set<string>();
  return wanted.filter((pair) => {
    const name = `${pair.candidate} ${pair.baseline}`;
    const usable =
      pair.candidate !== pair.baseline && present.has(pair.candidate) && present.has(pair.baseline);
    if (!usable || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** Each factor off from the variant that has all, and on from the one that has none. */
function ablationPairs(ablation: Scenario['ablation']): Pair[] {
  if (ablation === null) return [];
  const { from, to, factors } = ablation;
  return [
    { candidate: to, baseline: from },
    ...factors.flatMap(({ off, on }) => [
      { candidate: off, baseline: to },
      { candidate: on, baseline: from },
    ]),
  ];
}

/**
 * The id of the variant that takes part for the counterpart of one: of its row's counterpart kind, with the same options
 * of the scenario's own and of the same version, so that the two differ in one thing. Null when there is none.
 */
export function counterpartOf(variant: Declared, variants: readonly Declared[]): string | null {
  const wanted = catalogueRow(variant.kind)?.counterpart ?? null;
  const same = (one: Declared) =>
    one.version === variant.version && isDeepStrictEqual(one.options ?? {}, variant.options ?? {});
  return variants.find((one) => one.kind === wanted && same(one))?.id ?? null;
}

/**
 * The gate's rules for the variants that take part; a rule none of whose variants does is left out. A rule that names
 * none holds for every variant but the baseline and `direct`: a control is not what a gate is for.
 */
export function gateFor(
  gate: readonly GateRule[],
  baseline: string | null,
  present: readonly { readonly id: string; readonly kind: string }[],
): GateRule[] {
  const candidates = present
    .filter(({ id, kind }) => id !== baseline && kind !== 'direct')
    .map(({ id }) => id);
  return gate.flatMap((rule) => {
    const variants = rule.variants?.filter((id) => present.some((one) => one.id === id)) ?? candidates;
    return variants.length === 0 ? [] : [{ ...rule, variants }];
  });
}
