import { describe, expect, test } from 'vitest';
import { publishedBeside } from './published.js';
import { overhead } from './sections/overhead.js';
import { sampleRun } from './testing/sample-run.js';
import { viewOf } from './view.js';

const input = sampleRun({ rounds: 2 });
const { analysis } = input.run;
if (analysis === null) throw new RangeError('the sample run has an analysis');
const effects = analysis.effects.filter(({ baseline }) => baseline === 'direct');

describe('what others measured', () => {
  test('stands beside the least and the most that was found here', () => {
    const cpu = publishedBeside(effects).find(({ metric }) => metric === 'cpu.per_request');
    const sizes = effects
      .filter(({ metric }) => metric === 'cpu.per_request')
      .map(({ difference }) => Math.round(difference ?? 0))
      .sort((a, b) => a - b);
    expect(cpu?.found.replaceAll('\u00a0', ' ')).toBe(`+${sizes[0]} µs to +${sizes.at(-1)} µs`);
    expect(cpu?.otherWay).toEqual([]);
  });

  test('flags a mesh that is faster than none, and says who saw that before', () => {
    const faster = effects.map((effect) =>
      effect.candidate === 'plain' && effect.metric === 'latency.p99'
        ? { ...effect, difference: -0.4, differenceLow: -0.5, differenceHigh: -0.3 }
        : effect,
    );
    expect(publishedBeside(faster).find(({ metric }) => metric === 'latency.p99')?.otherWay).toEqual([
      'plain',
    ]);
    const view = viewOf({ ...input, run: { ...input.run, analysis: { ...analysis, effects: faster } } });
    expect(overhead(view).body?.markup).toMatch(/The other way:.*plain.*CNCF/);
  });

  test('says nothing of what was not compared', () => {
    expect(publishedBeside([])).toEqual([]);
  });
});
