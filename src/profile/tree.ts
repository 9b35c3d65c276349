/** Call trees for flame graphs: stacks with what they have in common joined. */
import { addTo, emptySum, isBeyondChance, type Sum } from './chance.js';
import type { FoldedProfile } from './fold.js';

/** A node and its values with everything that it calls; both 0 or above. */
export interface TreeNode {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** Whether they differ by more than what sampling alone explains. */
  readonly beyondChance: boolean;
  /** In the order of their names, so that equal input gives an equal picture. */
  readonly children: readonly TreeNode[];
}

interface Growing {
  readonly name: string;
  readonly before: Sum;
  readonly after: Sum;
  readonly children: Map<string, Growing>;
}

function growing(name: string): Growing {
  return { name, before: emptySum(), after: emptySum(), children: new Map() };
}

/** Below this share of the whole a node is too narrow to be seen at any size of the page before it is zoomed into. */
const SMALLEST_SHARE = 1 / 2000;

/** The tree of two profiles, or of one, which then is `after`. Nodes too small to be seen are left out; their callers keep their value. */
export function callTree(before: FoldedProfile | null, after: FoldedProfile): TreeNode {
  const root = growing('all sidecars');
  for (const side of ['before', 'after'] as const) {
    for (const stack of (side === 'before' ? before : after)?.stacks ?? []) {
      let node = root;
      addTo(node[side], stack);
      for (const name of stack.frames) {
        const child = node.children.get(name) ?? growing(name);
        node.children.set(name, child);
        addTo(child[side], stack);
        node = child;
      }
    }
  }
  return pruned(root, largest(root) * SMALLEST_SHARE);
}

function largest({ before, after }: Growing): number {
  return Math.max(before.value, after.value);
}

function pruned({ name, before, after, children }: Growing, smallest: number): TreeNode {
  return {
    name,
    before: before.value,
    after: after.value,
    beyondChance: isBeyondChance(before, after),
    children: [...children.values()]
      .filter((child) => largest(child) >= smallest && largest(child) > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((child) => pruned(child, smallest)),
  };
}
