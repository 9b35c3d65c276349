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
  /** In the order of a walk from the root: place of the name, depth, value before, value after. */
  readonly nodes: readonly (readonly [name: number, depth: number, before: number, after: number])[];
}
