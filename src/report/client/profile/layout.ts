/** Where the frames of a flame graph lie: pure arithmetic, apart from what draws them. */
import type { FlameChart } from '../../profile/flame-chart.js';

/** What the widths stand for: the value before, after, or the larger of both. */
export type FlameMode = 'difference' | 'before' | 'after';

export interface FlameNode {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly beyondChance: boolean;
  readonly depth: number;
  readonly parent: FlameNode | null;
  readonly children: FlameNode[];
}

/** A frame; `left` and `width` are shares of the chart's width. */
export interface PlacedFrame {
  readonly node: FlameNode;
  readonly left: number;
  readonly width: number;
  readonly row: number;
}

/** The tree that a chart's list of nodes is a walk of; null for an empty one. */
export function treeOf({ names, nodes }: Pick<FlameChart, 'names' | 'nodes'>): FlameNode | null {
  const path: FlameNode[] = [];
  for (const [name, depth, before, after, sure] of nodes) {
    path.length = depth;
    const parent = path[depth - 1] ?? null;
    const node = {
      name: names[name] ?? '',
      before,
      after,
      beyondChance: sure === 1,
      depth,
      parent,
      children: [],
    };
    parent?.children.push(node);
    path.push(node);
  }
  return path[0] ?? null;
}

/** A weight for each node of at least what its children weigh together, so that they fit below it. */
function weights(root: FlameNode, mode: FlameMode): ReadonlyMap<FlameNode, number> {
  const known = new Map<FlameNode, number>();
  const weigh = (node: FlameNode): number => {
    const own = mode === 'difference' ? Math.max(node.before, node.after) : node[mode];
    const weight = Math.max(
      own,
      node.children.reduce((sum, child) => sum + weigh(child), 0),
    );
    known.set(node, weight);
    return weight;
  };
  weigh(root);
  return known;
}

/** The frames to draw when `focus` takes the whole width, callers first; those narrower than `smallest` are left out. */
export function placeFrames(focus: FlameNode, mode: FlameMode, smallest: number): readonly PlacedFrame[] {
  const weight = weights(focus, mode);
  const whole = weight.get(focus) ?? 0;
  const placed: PlacedFrame[] = [];
  for (let node = focus.parent; node !== null; node = node.parent) {
    placed.unshift({ node, left: 0, width: 1, row: node.depth });
  }
  const place = (node: FlameNode, left: number) => {
    const width = whole === 0 ? (node === focus ? 1 : 0) : (weight.get(node) ?? 0) / whole;
    if (width < smallest) return;
    placed.push({ node, left, width, row: node.depth });
    let at = left;
    for (const child of node.children) {
      place(child, at);
      at += whole === 0 ? 0 : (weight.get(child) ?? 0) / whole;
    }
  };
  place(focus, 0);
  return placed;
}

/** How strongly a node changed, from −3 (much less) to 3 (much more), as a share of the whole; 0 within chance. */
export function changeStep(node: FlameNode, root: FlameNode): number {
  const whole = Math.max(root.before, root.after);
  if (whole === 0 || !node.beyondChance) return 0;
  const share = (node.after - node.before) / whole;
  const size = Math.abs(share);
  const step = size >= 0.1 ? 3 : size >= 0.03 ? 2 : size >= 0.005 ? 1 : 0;
  return step === 0 ? 0 : Math.sign(share) * step;
}

export type Origin = 'role' | 'runtime' | 'standard' | 'meshmark' | 'module';

/** Whose code a frame is. */
export function originOf({ name, depth }: Pick<FlameNode, 'name' | 'depth'>): Origin {
  if (depth < 2) return 'role';
  if (name.endsWith(' [native]')) return 'runtime';
  const [, script] = SCRIPT.exec(name) ?? [];
  if (script !== undefined) {
    if (script.startsWith('node:')) return 'standard';
    return script.startsWith('node-sidecar/') ? 'meshmark' : 'module';
  }
  if (/^(runtime|internal\/(runtime|abi|bytealg))\b/.test(name)) return 'runtime';
  if (/^(meshmark\/|main\.)/.test(name)) return 'meshmark';
  // A module's path begins with a host name, which has a dot before the first slash; the standard library's has none.
  return /^[^/(]*\.[^/(]*\//.test(name) ? 'module' : 'standard';
}

/** Behind the name of a function of Node.js: its file. */
const SCRIPT = / (node:\S+|\S+\.[cm]?js)$/;

/** A function's name with the last part of its package's path alone; one of Node.js without its file. */
export function shortName(name: string): string {
  if (SCRIPT.test(name)) return name.replace(SCRIPT, '');
  const head = /^[^([]*/.exec(name)?.[0] ?? '';
  return name.slice(head.lastIndexOf('/') + 1);
}
