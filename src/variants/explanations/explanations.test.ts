import { describe, expect, it, test } from 'vitest';
import { CATALOGUE } from '../catalogue.js';
import { EXPLANATIONS } from './index.js';
import { prose } from './prose.js';

const texts = Object.entries(EXPLANATIONS);

/** Words that have no place in a text about a data plane: markup, promises, and talk about how it was made. */
const FORBIDDEN =
  /\b(issues?|helpers?|todo|fixme|tbd|brief|stub|mock|obviously|blazing(ly)?|seamless(ly)?|leverag\w+|utili[sz]e[sd]?)\b|[`*#]|\b_|_\b|https?:|\.\.\//i;

it.each(CATALOGUE.map(({ kind }) => kind))('%s is explained', (kind) => {
  expect(Object.hasOwn(EXPLANATIONS, kind)).toBe(true);
});

describe.each(texts)('the explanation of %s', (_, text) => {
  test('has about a page of words in several paragraphs', () => {
    const words = text.split(/\s+/).length;
    expect(words).toBeGreaterThanOrEqual(250);
    expect(words).toBeLessThanOrEqual(450);
    expect(text.split('\n\n').length).toBeGreaterThanOrEqual(4);
  });

  test('is plain text: no markup, no line ends within a paragraph, no word of another trade', () => {
    expect(FORBIDDEN.exec(text.replaceAll('utilisation', ''))?.[0] ?? null).toBeNull();
    for (const paragraph of text.split('\n\n')) expect(paragraph).toMatch(/^\S[^\n]*[.?]$/);
  });
});

test('no sentence serves two rows, so that each row is really explained', () => {
  const seen = new Map<string, string>();
  for (const [kind, text] of texts) {
    for (const sentence of text.split(/(?<=[.:;?])\s+/)) {
      if (sentence.split(' ').length < 4) continue;
      expect(seen.get(sentence) ?? kind, sentence).toBe(kind);
      seen.set(sentence, kind);
    }
  }
});

test('prose joins the lines of a paragraph and keeps paragraphs apart', () => {
  expect(prose('\n  one\n  two\n\n  three  \n')).toBe('one two\n\nthree');
});
