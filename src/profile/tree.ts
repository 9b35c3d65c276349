/** Call trees for flame graphs: stacks with what they have in common joined. */
import type { FoldedProfile } from './fold.js';

/** A node and its values with everything that it calls; both 0 or above. */
export interface TreeNode {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** In the order of their names, so that equal input gives an equal picture. */
  readonly children: readonly TreeNode[];
}

interface Growing {
  readonly name: string;
  before: number;
  after: number;
  readonly children: Map<string, Growing>;
}

/** Below this share of the whole a node is too narrow to be seen at any size of the page before it is zoomed into. */
const SMALLEST_SHARE = 1 / 2000;

/** The tree of two profiles, or of one, which then is `after`. Nodes too small to be seen are left out; their callers keep their value. */
export function callTree(before: FoldedProfile | null, after: FoldedProfile): TreeNode {
  const root: Growing = { name: 'all sidecars', before: 0, after: 0, children: new Map() };
  for (const side of ['before', 'after'] as const) {
    for (const { frames, value } of (side === 'before' ? before : after)?.stacks ?? []) {
      let node = root;
      node[side] += value;
      for (const name of frames) {
        const child = node.children.get(name) ?? { name, before: 0, after: 0, children: new Map() };
        node.children.set(name, child);
        child[side] += value;
        node = child;
      }
    }
  }
  const smallest = Math.max(root.before, root.after) * SMALLEST_SHARE;
  return pruned(root, smallest);
}

function pruned({ name, before, after, children }: Growing, smallest: number): TreeNode {
  return {
    name,
    before,
    after,
    children: [...children.values()]
      .filter((child) => Math.max(child.before, child.after) >= smallest && child.before + child.after > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((child) => pruned(child, smallest)),
  };
}
