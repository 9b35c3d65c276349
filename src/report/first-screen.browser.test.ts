/** What a reader learns who reads the first screen of the committed sample and nothing else. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Effect, METRICS, type MetricName } from '../record/index.js';
import { readCarriedRun, renderHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';

const SAMPLE = new URL('../../reports/sample/report.html', import.meta.url);
const run = readCarriedRun('reports/sample/report.html', readFileSync(SAMPLE, 'utf8'));
let report: string;

beforeAll(async () => {
  report = renderHtml({ run, slices: [], windows: [] }, await builtAssets());
}, 60_000);

/** Text that lies wholly within the window as it opens. */
async function firstScreen(page: Page): Promise<string> {
  const text = await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const { top, bottom, width } = range.getBoundingClientRect();
      if (width > 0 && top >= 0 && bottom <= innerHeight) seen.push(node.data);
    }
    return seen.join(' ');
  })()`);
  return String(text).replace(/[\s\u00a0]+/g, ' ');
}

/** The best of the record's own effects against the baseline: what the answer must be. */
function bestOf(metric: MetricName): Effect | undefined {
  const { baseline } = run.planned;
  return (run.analysis?.effects ?? [])
    .filter(
      (effect) =>
        effect.candidate !== 'direct' &&
        effect.metric === metric &&
        effect.baseline === baseline &&
        effect.verdict === 'better',
    )
    .sort((a, b) => (a.ratio ?? 1) - (b.ratio ?? 1))[0];
}

const percent = (ratio: number | null) => Math.abs(((ratio ?? Number.NaN) - 1) * 100);

describe.skipIf(chromiumPath() === null)('the first screen of the sample', { timeout: 60_000 }, () => {
  test.each(['latency.p99', 'cpu.per_request'] as const)(
    'answers which variant is best in %s, by how much, and how sure that is',
    async (metric) => {
      await withPage(report, { width: 1280, height: 800 }, async ({ page }) => {
        const text = await firstScreen(page);
        const title = `Lowest ${METRICS[metric].label}`;
        expect(text).toContain(title);
        const answer = text.slice(text.indexOf(title) + title.length).split('Lowest')[0] ?? '';
        const best = bestOf(metric);
        if (best === undefined) {
          expect(answer).toMatch(/Cannot tell|itself: nothing compared with it is better/);
          return;
        }
        expect(answer).toContain(best.candidate);
        const match = /([\d.]+) % .*?\(([\d.]+) % interval ([\d.]+) % to ([\d.]+) %\): better/.exec(answer);
        expect(Number(match?.[1])).toBeCloseTo(percent(best.ratio), 0);
        expect(Number(match?.[2])).toBeGreaterThanOrEqual(run.planned.confidence * 100);
        const ends = [percent(best.low), percent(best.high)].sort((a, b) => a - b);
        expect(Number(match?.[3])).toBeCloseTo(ends[0] ?? Number.NaN, 0);
        expect(Number(match?.[4])).toBeCloseTo(ends[1] ?? Number.NaN, 0);
      });
    },
  );

  test('answers whether the run was valid, and whether its gate passed', async () => {
    await withPage(report, { width: 1280, height: 800 }, async ({ page }) => {
      const text = await firstScreen(page);
      const status = run.analysis?.validity.status ?? 'invalid';
      expect(text.toLowerCase()).toContain(`${status} run`);
      for (const reason of (run.analysis?.validity.reasons ?? []).slice(0, 3)) expect(text).toContain(reason);
      expect(text).toMatch(/Gate (passed|failed|undecided)/);
    });
  });
});
