import { describe, expect, it } from 'vitest';
import type { RunVariant } from '../record/index.js';
import { analyse } from './analyse.js';
import { buildRun } from './testing/record-builder.js';

/** `cheap` costs half of `plain`; what is expected of it is the test's to say. */
function surprises(
  direction: 'lower' | 'higher',
  options: { readonly cpuMicros?: number; readonly reversed?: boolean } = {},
) {
  const { cpuMicros = 50, reversed = false } = options;
  const built = buildRun({
    variants: [{ id: 'plain' }, { id: 'cheap', cpuMicros }],
    rounds: 8,
    sliceNoise: 0.02,
    baseline: reversed ? 'cheap' : 'plain',
  });
  const expectations: RunVariant['expectations'] = [
    { metric: 'cpu.per_request', against: 'plain', direction, source: 'a paper' },
  ];
  const variants = built.run.variants.map((variant) =>
    variant.id === 'cheap' ? { ...variant, expectations } : variant,
  );
  return analyse({ ...built.run, variants }, built.slices, built.windows).analysis.surprises;
}

describe('surprises', () => {
  it('names an effect that went the other way, with its interval and who said otherwise', () => {
    expect(surprises('higher')).toEqual([
      {
        candidate: 'cheap',
        baseline: 'plain',
        metric: 'cpu.per_request',
        expected: 'higher',
        source: 'a paper',
        found: expect.stringMatching(/^CPU per request 5\d\.\d % lower \(4\d\.\d % to 5\d\.\d %\)$/),
      },
    ]);
  });

  it('sees it from the other side of the pair too', () => {
    expect(surprises('higher', { reversed: true })).toHaveLength(1);
    expect(surprises('lower', { reversed: true })).toEqual([]);
  });

  it('says nothing of what went as expected, nor of what could not be decided', () => {
    expect(surprises('lower')).toEqual([]);
    expect(surprises('higher', { cpuMicros: 100 })).toEqual([]);
  });
});
