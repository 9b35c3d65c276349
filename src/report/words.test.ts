import { describe, expect, test } from 'vitest';
import type { Effect } from '../record/index.js';
import { effectSentence } from './words.js';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

const EFFECT: Effect = {
  metric: 'alloc.bytes_per_request',
  candidate: 'pooled-buffer',
  baseline: 'plain',
  track: 'micro',
  ratio: 0.38,
  low: 0.36,
  high: 0.4,
  difference: -42_000,
  differenceLow: -43_000,
  differenceHigh: -41_000,
  pAdjusted: null,
  gated: false,
  blocks: 100,
  replicas: 10,
  verdict: 'better',
  reason: null,
};
const sentence = (changed: Partial<Effect>) => plain(effectSentence({ ...EFFECT, ...changed }, 0.99, 0.03));
const without = { ratio: null, low: null, high: null };

describe('an effect in words', () => {
  test('says less or more, smaller amount first, and the word last', () => {
    expect(sentence({})).toBe(
      'pooled-buffer allocates 62.0 % fewer bytes per request than plain (99 % interval 60.0 % to 64.0 %): better',
    );
    expect(sentence({ metric: 'cpu.per_request', ratio: 1.2, low: 1.1, high: 1.3, verdict: 'worse' })).toBe(
      'pooled-buffer uses 20 % more CPU per request than plain (99 % interval 10 % to 30 %): worse',
    );
  });
  test('calls fewer requests per second worse by what the record says, not by the sign', () => {
    expect(sentence({ metric: 'throughput', ratio: 0.9, low: 0.88, high: 0.92, verdict: 'worse' })).toBe(
      'pooled-buffer serves 10.0 % fewer requests per second than plain (99 % interval 8.0 % to 12.0 %): worse',
    );
  });
  test('speaks of times, not per cents, from three times on', () => {
    expect(sentence({ ratio: 4.4, low: 4.1, high: 4.7, verdict: 'worse' })).toBe(
      'pooled-buffer against plain, allocated bytes per request: 4.40× (99 % interval 4.10× to 4.70×): worse',
    );
  });
  test('says of an equivalence which margin it is about', () => {
    expect(
      sentence({ metric: 'latency.p50', ratio: 0.99, low: 0.98, high: 1.01, verdict: 'equivalent' }),
    ).toBe(
      'pooled-buffer and plain are equivalent in latency p50: −1.0 %, 99 % interval −2.0 % to +1.0 %, all within ±3 %',
    );
  });
  test('says that an interval is too wide, or that a rule forbids a verdict', () => {
    const wide = { ratio: 0.97, low: 0.86, high: 1.11, verdict: 'inconclusive' } as const;
    expect(sentence(wide)).toMatch(/−14 % to \+11 %, too wide to tell$/);
    expect(sentence({ ...wide, overruled: true, reason: 'only 12 GC cycles' })).toMatch(
      /not judged, whatever the interval \(only 12 GC cycles\)$/,
    );
  });
  test('uses the difference where there is no ratio, and the reason where there is neither', () => {
    expect(
      sentence({ ...without, verdict: 'worse', difference: 2048, differenceLow: 1024, differenceHigh: 3072 }),
    ).toBe(
      'pooled-buffer differs from plain in allocated bytes per request by +2.00 KiB (99 % interval +1.00 KiB to +3.00 KiB): worse',
    );
    expect(
      sentence({
        ...without,
        difference: null,
        differenceLow: null,
        differenceHigh: null,
        verdict: 'inconclusive',
        reason: 'no admin port',
      }),
    ).toBe('pooled-buffer against plain, allocated bytes per request: cannot tell (no admin port)');
  });
  test('gives no figures for a variant that could not run', () => {
    expect(sentence({ verdict: 'unavailable', reason: 'needs root' })).toBe(
      'pooled-buffer against plain, allocated bytes per request: unavailable (needs root)',
    );
  });
});
