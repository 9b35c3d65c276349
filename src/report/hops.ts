/** The parts of the way that requests take, over all variants of a run. */
import type { HopSplit, RunRecord } from '../record/index.js';

/** The splits that have parts; empty for a record whose servers did not time their hops. */
export function timedSplits(run: RunRecord): readonly HopSplit[] {
  return (run.analysis?.hopSplit ?? []).filter(({ parts }) => parts.length > 0);
}

/** Every part that some variant has, in the order in which a request passes them. */
export function partNames(splits: readonly HopSplit[]): readonly string[] {
  const names: string[] = [];
  for (const { parts } of splits) {
    let place = 0;
    for (const { name: part } of parts) {
      const known = names.indexOf(part);
      if (known === -1) names.splice(place, 0, part);
      place = (known === -1 ? place : known) + 1;
    }
  }
  return names;
}
