/** A run of any size, for what a large report costs. */
import type { RunRecord } from '../../record/index.js';
import type { ReportInput } from '../view.js';
import { sampleRun } from './sample-run.js';

/** `count` variants, a control and a baseline among them, over `blocks` blocks of long slices with their histograms. */
export function manyVariants(count: number, blocks: number): ReportInput & { readonly run: RunRecord } {
  return sampleRun({
    variants: Array.from({ length: count }, (_, index) => ({
      id: index === 0 ? 'plain' : index === 1 ? 'direct' : `variant-${index}`,
      ...(index === 1 ? { roles: [] } : {}),
      cpuMicros: 80 + 5 * index,
      latencyMicros: 600 + 40 * index,
    })),
    rounds: blocks,
    microBlocksPerRound: 0,
    crossCheckEveryRounds: 0,
  });
}
