/** A scenario whose variants are compared not with one another but each with itself as another commit has it. */
import type { Scenario } from '../scenario/index.js';
import { catalogueRow, isOfOwnDataPlane } from '../variants/index.js';

export interface Against {
  /** Whether the scenario's repository is meshmark's own, so that its data plane is built from there. */
  readonly ownDataPlane: boolean;
}

export interface Compared {
  readonly scenario: Scenario;
  readonly faults: readonly string[];
}

/** Id of the version that a variant is compared with. */
function baseOf(id: string): string {
  return `${id}-base`;
}

/**
 * The scenario with each variant that is built from its repository (of `wanted`, where any are named) and, beside it,
 * the same built from the other commit, `ID-base`. The others are left out: they are the same in both versions. Rules of the
 * gate hold for each variant against its own base. A fault when nothing is built or an id is taken.
 */
export function besideTheirBases(
  scenario: Scenario,
  wanted: readonly string[] | undefined,
  against: Against,
): Compared {
  const asked = scenario.variants.filter(({ id }) => wanted === undefined || wanted.includes(id));
  const built = asked.filter((variant) => isBuilt(variant, against));
  const ids = built.map(({ id }) => id);
  const taken = ids.filter((id) => scenario.variants.some((variant) => variant.id === baseOf(id)));
  const nothing = against.ownDataPlane
    ? 'no variant of it is a Go sidecar or a `custom` one with `build`'
    : 'no variant of it is a `custom` one with `build`, and the Go sidecars are not of this repository';
  return {
    faults: [
      ...(built.length > 0 ? [] : [`nothing differs from one commit to another: ${nothing}`]),
      ...taken.map(
        (id) =>
          `the id \`${baseOf(id)}\` is taken, and \`--against\` needs it for the other version of \`${id}\`; rename it`,
      ),
    ],
    scenario: {
      ...scenario,
      variants: built.flatMap((variant) => [
        { ...variant, version: 'own' as const },
        { ...variant, id: baseOf(variant.id), version: 'base' as const },
      ]),
      baseline: null,
      compare: ids.map((id) => ({ candidate: id, baseline: baseOf(id) })),
      ablation: null,
      offloadCeiling: null,
      gate: scenario.gate.flatMap((rule) => {
        const variants = ids.filter((id) => rule.variants?.includes(id) ?? true);
        return variants.length === 0 ? [] : [{ ...rule, variants }];
      }),
    },
  };
}

function isBuilt({ kind, build }: Scenario['variants'][number], { ownDataPlane }: Against): boolean {
  const form = catalogueRow(kind)?.form.type;
  return form === 'custom'
    ? build !== undefined
    : ownDataPlane && form !== undefined && isOfOwnDataPlane(form);
}
