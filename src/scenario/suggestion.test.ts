import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './suggestion.js';

describe('nearest', () => {
  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('warmpu', 'warmup')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('offers a near word and none for a far one', () => {
    expect(nearest('pooled_buffer', ['plain', 'pooled-buffer'])).toBe('pooled-buffer');
    expect(nearest('squid', ['plain', 'direct'])).toBeNull();
    expect(nearest('x'.repeat(100_000), ['plain'])).toBeNull();
  });
});
