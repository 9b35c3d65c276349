/** What a flame graph is drawn from: types alone, since the page's own script knows them too. */

export interface FlameChart {
  readonly id: string;
  /** What its frames' values are, in words. */
  readonly title: string;
  readonly unit: 'µs' | 'bytes' | 'count';
  readonly perRequest: boolean;
  /** Null where there is one profile alone. */
  readonly before: string | null;
  readonly after: string;
  /** Names that nodes refer to; as text that can be shown. */
  readonly names: readonly string[];
  /** In the order of a walk from the root. */
  readonly nodes: readonly PackedNode[];
}

/** `beyondChance` is 1 where the values differ by more than what sampling alone explains, and else 0. */
export type PackedNode = readonly [
  name: number,
  depth: number,
  before: number,
  after: number,
  beyondChance: 0 | 1,
];
