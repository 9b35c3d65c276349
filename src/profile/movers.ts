/** What a profile is made of, and what moved between two: by group and by function. */
import type { StackKind } from '../record/index.js';
import { addTo, emptySum, isBeyondChance, type Sum, standardErrorOf } from './chance.js';
import type { FoldedProfile, FoldedStack } from './fold.js';
import { functionOf, type Group, groupOf } from './groups.js';

/** A value of each of the two profiles, with the standard error that sampling leaves. Of one profile, `before` is null. */
export interface Moved {
  readonly before: number | null;
  readonly after: number;
  /** `after` less `before`; of one profile, `after`. */
  readonly difference: number;
  readonly standardError: number;
  /** Whether the difference is larger than what sampling alone explains. */
  readonly beyondChance: boolean;
}

export interface GroupMoved extends Moved {
  readonly group: Group;
}

export interface FunctionMoved extends Moved {
  readonly function: string;
  /** The group that most of it is in. */
  readonly group: Group;
  /** The same with everything that it calls. */
  readonly withCallees: Moved;
}

export interface Comparison {
  readonly kind: StackKind;
  readonly before: FoldedProfile | null;
  readonly after: FoldedProfile;
  readonly total: Moved;
  /** Those that moved most first. */
  readonly groups: readonly GroupMoved[];
  readonly functions: readonly FunctionMoved[];
}

type Pair = readonly [Sum, Sum];

/** What moved from `before` to `after`; what `after` is made of where `before` is null. */
export function compareProfiles(before: FoldedProfile | null, after: FoldedProfile): Comparison {
  const groups = new Map<Group, Pair>();
  const own = new Map<string, Pair>();
  const withCallees = new Map<string, Pair>();
  const groupsOf = new Map<string, Map<Group, number>>();
  const total: Pair = [emptySum(), emptySum()];
  for (const [side, profile] of [before, after].entries()) {
    for (const stack of profile?.stacks ?? []) {
      const group = groupOf(stack.frames, after.kind);
      const name = functionOf(stack.frames, after.kind);
      add(total, side, stack);
      add(pairIn(groups, group), side, stack);
      add(pairIn(own, name), side, stack);
      const share = groupsOf.get(name) ?? new Map<Group, number>();
      groupsOf.set(name, share.set(group, (share.get(group) ?? 0) + stack.value));
      // A function that calls itself is on the stack more than once.
      for (const frame of new Set(stack.frames.slice(1))) add(pairIn(withCallees, frame), side, stack);
    }
  }
  const moved = (pair: Pair) => movedOf(pair, before !== null);
  return {
    kind: after.kind,
    before,
    after,
    total: moved(total),
    groups: [...groups].map(([group, pair]) => ({ group, ...moved(pair) })).sort(byDifference),
    functions: [...own]
      .map(([name, pair]) => ({
        function: name,
        group: largest(groupsOf.get(name)),
        ...moved(pair),
        withCallees: moved(withCallees.get(name) ?? pair),
      }))
      .sort((a, b) => byDifference(a, b) || (a.function < b.function ? -1 : 1)),
  };
}

function pairIn<K>(pairs: Map<K, Pair>, key: K): Pair {
  const known = pairs.get(key) ?? ([emptySum(), emptySum()] as const);
  pairs.set(key, known);
  return known;
}

function add(pair: Pair, side: number, stack: FoldedStack): void {
  addTo(side === 0 ? pair[0] : pair[1], stack);
}

function movedOf([before, after]: Pair, compared: boolean): Moved {
  const difference = after.value - (compared ? before.value : 0);
  return {
    before: compared ? before.value : null,
    after: after.value,
    difference,
    standardError: standardErrorOf(before, after),
    beyondChance: isBeyondChance(before, after),
  };
}

function byDifference(a: Moved, b: Moved): number {
  return Math.abs(b.difference) - Math.abs(a.difference);
}

function largest(shares: ReadonlyMap<Group, number> | undefined): Group {
  const [first] = [...(shares ?? [])].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? 'everything else';
}

/** The functions of a group that moved as the group did, those that moved most first. */
export function functionsOf({ functions }: Comparison, group: GroupMoved): readonly FunctionMoved[] {
  return functions.filter(
    (one) => one.group === group.group && Math.sign(one.difference) === Math.sign(group.difference),
  );
}
