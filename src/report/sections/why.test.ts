import { describe, expect, test } from 'vitest';
import { sampleWithMechanisms } from '../testing/sample-mechanisms.js';
import { sampleRun } from '../testing/sample-run.js';
import { viewOf } from '../view.js';
import { why } from './why.js';

function textOf(input: ReturnType<typeof sampleRun>): string {
  return (why(viewOf(input)).body?.markup ?? '').replace(/<[^>]*>/g, '').replaceAll('\u00a0', ' ');
}

describe('why', () => {
  test('says of each pair what differs, what moved with its effect, and what the collector has to do with it', () => {
    const text = textOf(sampleRun({ rounds: 2 }));
    expect(text).toContain('pooled-buffer against plain');
    expect(text).toContain('buffers: fresh → pooled');
    expect(text).toMatch(/Moved with it: allocated bytes per request −62.0 % \(−64.0 % to −60.0 %\)/);
    expect(text).toMatch(/Garbage collection is about \S+ µs of the \S+ µs per request/);
  });

  test('sets an expectation beside what became of it', () => {
    const text = textOf(sampleWithMechanisms());
    expect(text).toContain('lower latency p99 of only-pool than of plain');
    expect(text).toContain('Neither shown nor refuted');
    expect(text).toContain('A paper on buffers, 2020');
  });

  test('is left out where nothing was decided and nothing expected', () => {
    const input = sampleRun({ rounds: 2 });
    const { analysis } = input.run;
    if (analysis === null) throw new RangeError('the sample run has an analysis');
    const effects = analysis.effects.map((effect) => ({ ...effect, verdict: 'inconclusive' as const }));
    expect(textOf({ ...input, run: { ...input.run, analysis: { ...analysis, effects } } })).toBe('');
  });
});
