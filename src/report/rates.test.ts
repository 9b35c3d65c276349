import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../record/index.js';
import { renderMarkdown } from './markdown.js';
import { renderHtml } from './page.js';
import { steppedVariant as id, searched, swept } from './testing/sample-steps.js';

const ASSETS = { script: '', style: '' };

const htmlOf = (run: RunRecord) =>
  renderHtml({ run, slices: [], windows: [], damaged: [] }, ASSETS).replaceAll('\u00a0', ' ');
const markdownOf = (run: RunRecord) => renderMarkdown(run).replaceAll('\u00a0', ' ');

describe('the report of a sweep', () => {
  test('has each rate with its latency and CPU, and the knee in words', () => {
    const html = htmlOf(swept);
    expect(html).toContain('the knee is at 500/s: 1,000/s was too much');
    expect(html).toContain('Latency and CPU by rate');
    expect(html).toContain('data-chart="rates"');
    expect(html).toContain('8 steps at rates of their own');
    expect(markdownOf(swept)).toContain(`${id}: the knee is at 500/s: 1,000/s was too much.`);
  });

  test('leaves out what only slices have', () => {
    expect(htmlOf(swept)).not.toContain('id="latency"');
    expect(htmlOf(swept)).toContain('id="validity"');
  });
});

describe('the report of a search', () => {
  test('has the limit with its interval and what the traffic costs there', () => {
    for (const text of [htmlOf(searched), markdownOf(searched)]) {
      expect(text).toContain('p99 ≤ 5 ms, at most 1 % errors');
      expect(text).toContain('it holds up to 812/s, between 800/s and 824/s with 95 %');
      expect(text).toMatch(/0\.120? /);
    }
    expect(htmlOf(searched)).toContain('data-chart="objective-limit"');
    expect(htmlOf(searched)).toContain('data-chart="objective-cores"');
  });
});
