/** A small stored run, and a terminal that remembers what it was told. */
import { join } from 'node:path';
import { createRunWriter, type RunRecord } from '../../record/index.js';
import { buildRun } from '../../stats/testing/record-builder.js';
import type { Terminal } from '../terminal.js';

/** A terminal whose lines can be read. */
export function rememberingTerminal(): Terminal & { readonly printed: string[]; readonly noted: string[] } {
  const printed: string[] = [];
  const noted: string[] = [];
  return {
    printed,
    noted,
    interactive: false,
    paint: (_style, text) => text,
    print: (line) => printed.push(line),
    note: (line) => noted.push(line),
    status: () => {},
  };
}

/** Writes a run into a folder of its own and returns that; the candidate's CPU is that of the baseline times `factor`. */
export function storedRun(
  folder: string,
  index: number,
  factor: number,
  changed: Partial<RunRecord> = {},
): string {
  const built = buildRun({
    variants: [{ id: 'plain' }, { id: 'mine', cpuMicros: 100 * factor }],
    baseline: 'plain',
    pairs: [{ candidate: 'mine', baseline: 'plain' }],
    rounds: 4,
    microBlocksPerRound: 1,
    requestsPerMicroSlice: 30,
    longMillis: 50,
    seed: index,
    roundNoise: 0,
    replicaNoise: 0.005,
    sliceNoise: 0.01,
    gate: [{ metric: 'cpu.per_request', maxIncrease: 0.3, maxDecrease: null, variants: null }],
  });
  const directory = join(folder, `run-${index}`);
  const writer = createRunWriter(directory);
  const createdAt = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
  writer.writeRun({ ...built.run, runId: `run-${index}`, createdAt, ...changed });
  for (const line of [...built.slices, ...built.windows]) writer.append(line);
  writer.close();
  return directory;
}
