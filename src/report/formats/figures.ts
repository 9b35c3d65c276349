/** The figures of a judged run that other programs are given: one for each variant and metric. */
import type { Level, RunRecord } from '../../record/index.js';
import { analysisOf } from '../view.js';

export interface Figure extends Level {
  readonly value: number;
}

/**
 * Each variant's level of each metric by the track that decides, which comes first in an analysis; without those that have no
 * value, and without variants that were not what their name says.
 */
export function decidingFigures(run: RunRecord): Figure[] {
  const measured = new Set(run.variants.filter(({ status }) => status === 'measured').map(({ id }) => id));
  const seen = new Set<string>();
  return analysisOf(run).levels.flatMap((level) => {
    const { variant, metric, track, value } = level;
    const key = JSON.stringify([variant, metric]);
    if (value === null || track === 'cross-check' || seen.has(key) || !measured.has(variant)) return [];
    seen.add(key);
    return [{ ...level, value }];
  });
}
