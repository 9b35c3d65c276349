import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';
import { buildRun } from './testing/record-builder.js';
import { type Subject, splitOf, varianceSplitOf } from './variance-split.js';

const [A, B] = ['a', 'b'].map((id) => ({ id, dataPlaneRoles: ['outbound', 'inbound'] })) as [
  Subject,
  Subject,
];

/** Values with these standard deviations of groups, subgroups and single values. */
function drawn(group: number, subgroup: number, single: number, groups = 400) {
  const random = createRandom(6);
  return Array.from({ length: groups }, () => {
    const own = group * random.normal();
    return Array.from({ length: 4 }, () => {
      const part = subgroup * random.normal();
      return Array.from({ length: 10 }, () => own + part + single * random.normal());
    });
  });
}

describe('the split of variance', () => {
  it('finds the shares that groups, subgroups and values have of the variance of the mean', () => {
    // Of the mean of one group: 0.02² + 0.03²/4 + 0.1²/40.
    const [restart, stretch, slice] = [0.02 ** 2, 0.03 ** 2 / 4, 0.1 ** 2 / 40];
    const all = restart + stretch + slice;
    const found = splitOf(drawn(0.02, 0.03, 0.1));
    expect(found?.restart).toBeCloseTo(restart / all, 1);
    expect(found?.stretch).toBeCloseTo(stretch / all, 1);
    expect(found?.slice).toBeCloseTo(slice / all, 1);
  });

  it('agrees with a computation by hand', () => {
    // Means 1, 3 | 5, 7; squares within subgroups 2, between them 4, between groups 64/2.
    const found = splitOf([
      [
        [0, 2],
        [2, 4],
      ],
      [
        [4, 6],
        [6, 8],
      ],
    ]);
    // Mean squares: 2 within, 2 · 2 = 4 of subgroups, 4 · 8 = 32 of groups.
    expect(found?.slice).toBeCloseTo(2 / 32, 10);
    expect(found?.stretch).toBeCloseTo(2 / 32, 10);
    expect(found?.restart).toBeCloseTo(28 / 32, 10);
  });

  it('tells a run whose starts differ from one whose slices do', () => {
    const of = (replicaNoise: number, sliceNoise: number) => {
      const { slices } = buildRun({
        variants: [{ id: 'a' }, { id: 'b' }],
        rounds: 12,
        microBlocksPerRound: 24,
        replicaNoise,
        sliceNoise,
      });
      return varianceSplitOf(slices, B, A);
    };
    expect(of(0.1, 0.02)?.restart).toBeGreaterThan(0.8);
    expect(of(0.001, 0.2)?.slice).toBeGreaterThan(0.5);
  });

  it('is none of too few sets of processes or slices, and where nothing varies', () => {
    const few = buildRun({ variants: [{ id: 'a' }, { id: 'b' }], rounds: 3 });
    expect(varianceSplitOf(few.slices, B, A)).toBeNull();
    const short = buildRun({ variants: [{ id: 'a' }, { id: 'b' }], rounds: 6, microBlocksPerRound: 4 });
    expect(varianceSplitOf(short.slices, B, A)).toBeNull();
    expect(varianceSplitOf([], B, A)).toBeNull();
    expect(splitOf(drawn(0, 0, 0, 5))).toBeNull();
  });
});
