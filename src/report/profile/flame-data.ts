/** What the script draws flame graphs from; both sides of the page are written by the same build. */
import { callTree, KIND_UNITS, type TreeNode } from '../../profile/index.js';
import type { StackKind } from '../../record/index.js';
import { visibleText } from '../html.js';
import type { FlameChart, PackedNode } from './flame-chart.js';
import type { ProfileView } from './view.js';

/** What the page calls each kind. */
export const KIND_TITLES: Record<StackKind, string> = {
  cpu: 'CPU',
  allocations: 'Allocations',
  mutex: 'Waiting for locks',
  goroutines: 'Goroutines',
  'node-cpu': 'CPU in Node.js, by clinic flame',
  'perf-cpu': 'CPU with the kernel’s part, by perf',
  'node-heap': 'Heap of V8, by clinic’s heap profiler',
};

/** The charts of the page. */
export function flameCharts({ kinds, before, after }: ProfileView): readonly FlameChart[] {
  return kinds.flatMap(({ kind, comparison }) => {
    if (comparison === null) return [];
    const { unit, perRequest } = KIND_UNITS[kind];
    const tree = callTree(comparison.before, comparison.after);
    return [
      {
        id: kind,
        title: KIND_TITLES[kind],
        unit,
        perRequest,
        before: before === null ? null : visibleText(before),
        after: visibleText(after),
        ...packed(tree),
      },
    ];
  });
}

/** Names longer than this are no Go functions, and would only fill the page. */
const LONGEST_NAME = 400;

function packed(root: TreeNode): Pick<FlameChart, 'names' | 'nodes'> {
  const places = new Map<string, number>();
  const nodes: PackedNode[] = [];
  const rounded = (value: number) => Number(value.toPrecision(6));
  const walk = (node: TreeNode, depth: number) => {
    const name = visibleText(node.name).slice(0, LONGEST_NAME);
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    nodes.push([place, depth, rounded(node.before), rounded(node.after), node.beyondChance ? 1 : 0]);
    for (const child of node.children) walk(child, depth + 1);
  };
  walk(root, 0);
  return { names: [...places.keys()], nodes };
}
