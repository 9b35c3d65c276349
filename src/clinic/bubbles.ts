/** Bubbleprof's groups of asynchronous operations, and how long those of each waited. */
import { z } from 'zod';
import type { AnalysisAnswer } from './analysis-answer.js';

const MOST_NAMED = 10;

/** As bubbleprof's own analysis gives them; all times in ms. */
const cluster = z.object({
  name: z.string().nullable(),
  nodes: z.array(
    z.object({
      type: z.string().nullable(),
      sources: z.array(
        z.object({
          init: z.number().nullable(),
          before: z.array(z.number()),
          after: z.array(z.number()),
        }),
      ),
    }),
  ),
});

/**
 * Waits of operations that overlap are added up, so that a group may wait for longer than was looked. An operation waits from
 * its start to its first callback, and from the end of one callback to the next. A promise waits for another operation, which
 * has its own place, so that promises are left out. Throws where `clusters` are not bubbleprof's.
 */
export function bubbleAnalysis(clusters: readonly unknown[]): AnalysisAnswer {
  const sums = new Map<string, number>();
  for (const one of clusters) {
    const { name, nodes } = cluster.parse(one);
    for (const { type, sources } of nodes) {
      if (type === 'PROMISE') continue;
      const key = `${name ?? '(no name)'}: ${type ?? '(root)'}`;
      const waitedMs = sources.reduce((sum, source) => sum + waitingMs(source), 0);
      sums.set(key, (sums.get(key) ?? 0) + waitedMs);
    }
  }
  const largest = [...sums].map(([name, value]) => ({ name, value })).filter(({ value }) => value > 0);
  largest.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
  const total = largest.reduce((sum, { value }) => sum + value, 0);
  return {
    findings: { type: 'shares', unit: 'ms', total, largest: largest.slice(0, MOST_NAMED) },
    stacks: null,
  };
}

function waitingMs({
  init,
  before,
  after,
}: z.infer<typeof cluster>['nodes'][number]['sources'][number]): number {
  let sum = 0;
  for (const [index, start] of before.entries()) {
    const since = index === 0 ? init : after[index - 1];
    if (since != null) sum += Math.max(0, start - since);
  }
  return sum;
}
