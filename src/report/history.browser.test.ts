import { beforeAll, describe, expect, test } from 'vitest';
import { type HistoryLine, trendsOf } from '../history/index.js';
import { renderHistoryHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';

let page: string;

beforeAll(async () => {
  const lines = Array.from({ length: 24 }, (_, index): HistoryLine => {
    const value = (index < 14 ? 1 : 1.2) + (index % 3) / 100;
    return {
      schema: 'meshmark.history/1',
      time: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
      runId: `run-${index}`,
      commit: null,
      machine: 'f00d',
      scenario: { name: 'quick', digest: '1234' },
      variant: 'mine',
      baseline: 'plain',
      metric: 'cpu.per_request',
      value,
      low: value - 0.05,
      high: value + 0.05,
    };
  });
  const input = { meshmarkVersion: '1.2.3', trends: trendsOf(lines), damaged: [] };
  page = renderHistoryHtml(input, await builtAssets());
}, 60_000);

describe.skipIf(chromiumPath() === null)('the page of a history in a browser', { timeout: 60_000 }, () => {
  test.each([{ width: 1300 }, { width: 390, dark: true }])(
    'asks for nothing but itself, draws each run, and fits: %o',
    async (options) => {
      await withPage(page, options, async ({ page: opened, requests, complaints, address }) => {
        expect(requests).toEqual([address]);
        expect(complaints).toEqual([]);
        const widest = await opened.evaluate('document.documentElement.scrollWidth');
        expect(widest).toBe(options.width);
        const points = opened.locator('.trend circle');
        expect(await points.count()).toBe(24);
        const [before, after] = [await points.nth(13).boundingBox(), await points.nth(14).boundingBox()];
        // Worse is higher, and a later run is further to the right.
        expect(after?.y).toBeLessThan((before?.y ?? 0) - 10);
        expect(after?.x).toBeGreaterThan(before?.x ?? 0);
      });
    },
  );
});
