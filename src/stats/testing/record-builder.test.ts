import { describe, expect, it } from 'vitest';
import { recordLine, runRecord } from '../../record/index.js';
import { buildRun } from './record-builder.js';

describe('buildRun', () => {
  const built = buildRun({
    variants: [
      { id: 'direct', roles: [] },
      { id: 'plain' },
      { id: 'gone', status: 'unavailable', reason: 'no' },
    ],
    rounds: 4,
    microBlocksPerRound: 3,
    crossCheckEveryRounds: 2,
  });

  it('writes what the schema of a run accepts', () => {
    expect(runRecord.parse(built.run)).toEqual(built.run);
    for (const line of [...built.slices, ...built.windows]) expect(recordLine.parse(line)).toEqual(line);
  });

  it('runs every standing variant once in each block', () => {
    expect(built.slices.length).toBe(4 * 2 * (3 + 1) + 2 * 2);
    const blocks = new Map<number, string[]>();
    for (const slice of built.slices) {
      blocks.set(slice.block, [...(blocks.get(slice.block) ?? []), slice.variant]);
    }
    for (const members of blocks.values()) expect(members.sort()).toEqual(['direct', 'plain']);
  });

  it('gives the same record for the same seed', () => {
    const options = { variants: [{ id: 'a' }], rounds: 2, seed: 5 };
    expect(buildRun(options)).toEqual(buildRun(options));
    expect(buildRun(options)).not.toEqual(buildRun({ ...options, seed: 6 }));
  });
});
