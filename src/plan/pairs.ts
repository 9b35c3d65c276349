/** Which variants are compared with which. */
import type { GateRule, Pair } from '../record/index.js';
import type { Scenario } from '../scenario/index.js';

/**
 * Every variant against the baseline, every other one against `direct`, then the scenario's own pairs; each once.
 * `variants` are those that take part; pairs of others are left out.
 */
export function pairsOf(
  scenario: Pick<Scenario, 'baseline' | 'compare'>,
  variants: readonly { readonly id: string; readonly kind: string }[],
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
  ];
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
