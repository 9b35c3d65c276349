import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderProfileHtml } from '../index.js';
import { chromiumPath, withPage } from '../testing/browser.js';
import { builtAssets } from '../testing/built-assets.js';
import { hostileProfile, sampleClinic, sampleProfile } from '../testing/sample-profile.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const screenshots = process.env.MESHMARK_SCREENSHOTS ?? join(root, 'dist/screenshots');
let page: string;
let single: string;
let hostile: string;
let clinic: string;

beforeAll(async () => {
  const assets = await builtAssets('profile');
  page = renderProfileHtml(sampleProfile(), assets);
  single = renderProfileHtml(sampleProfile({ variants: ['plain'] }), assets);
  hostile = renderProfileHtml(hostileProfile(), assets);
  clinic = renderProfileHtml(sampleClinic(), assets);
  await mkdir(screenshots, { recursive: true });
}, 60_000);

const plain = (text: string | null) => String(text).replaceAll('\u00a0', ' ');

describe.skipIf(chromiumPath() === null)('the page of a profile in a browser', { timeout: 60_000 }, () => {
  test('opens from disk, asks for nothing but itself, and draws a flame graph of each kind that has one', async () => {
    await withPage(page, {}, async ({ page: shown, requests, complaints, address }) => {
      await shown.waitForTimeout(200);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
      expect(complaints).toEqual([]);
      for (const kind of ['cpu', 'allocations', 'goroutines']) {
        expect(await shown.locator(`[data-flame="${kind}"] .frame`).count(), kind).toBeGreaterThan(4);
      }
      expect(await shown.locator('[data-flame="mutex"]').count()).toBe(0);
    });
  });

  test('draws flame graphs of Node.js, under the names of functions without their files, and links clinic’s pages', async () => {
    await withPage(clinic, {}, async ({ page: shown, requests, complaints, address }) => {
      await shown.waitForTimeout(200);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
      expect(complaints).toEqual([]);
      for (const kind of ['node-cpu', 'node-heap']) {
        expect(await shown.locator(`[data-flame="${kind}"] .frame`).count(), kind).toBeGreaterThan(2);
      }
      expect(await shown.locator('#clinic a[href="clinic/node-pooled/bubbleprof.html"]').count()).toBe(1);
      expect(await shown.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    });
  });

  test('shows what is gone as a frame of its old width, marked as less', async () => {
    await withPage(page, {}, async ({ page: shown }) => {
      const gone = shown.locator('[data-flame="allocations"] .frame', { hasText: 'copyBuffer' }).first();
      expect(await gone.getAttribute('class')).toContain('less-3');
      expect(plain(await gone.textContent())).toMatch(/^\u2212 /);
      const all = await shown.locator('[data-flame="allocations"] .flame').boundingBox();
      const own = await gone.boundingBox();
      // One of two sidecars: 32 of 35 KiB of its half.
      expect((own?.width ?? 0) / (all?.width ?? 1)).toBeCloseTo(0.456, 1);
      await gone.hover();
      expect(plain(await shown.locator('[data-flame="allocations"] .flame-details').textContent())).toContain(
        'net/http/httputil.(*ReverseProxy).copyBufferplain 32 KiB, pooled-buffer 0 B per request: −32 KiB',
      );
    });
  });

  test('is walked, looked into and left by keyboard alone', async () => {
    await withPage(page, {}, async ({ page: shown }) => {
      const chart = shown.locator('[data-flame="cpu"]');
      const focused = () => chart.locator('.frame:focus').getAttribute('aria-label');
      expect(await chart.locator('.frame[tabindex="0"]').count()).toBe(1);
      await chart.locator('input[type="search"]').focus();
      await shown.keyboard.press('Tab');
      expect(await focused()).toMatch(/^all sidecars: /);
      await shown.keyboard.press('ArrowDown');
      expect(await focused()).toMatch(/^inbound: /);
      await shown.keyboard.press('ArrowRight');
      expect(await focused()).toMatch(/^outbound: /);
      await shown.keyboard.press('Enter');
      const whole = await chart.locator('.flame').boundingBox();
      const looked = await chart.locator('.frame:focus').boundingBox();
      expect(looked?.width).toBeCloseTo(whole?.width ?? 0, 0);
      await shown.keyboard.press('ArrowUp');
      expect(await focused()).toMatch(/^all sidecars: /);
      await shown.keyboard.press('Escape');
      expect(await chart.locator('.frame', { hasText: 'inbound' }).count()).toBe(1);
    });
  });

  test('shows either variant alone, and marks the functions that are looked for', async () => {
    await withPage(page, {}, async ({ page: shown }) => {
      const chart = shown.locator('[data-flame="allocations"]');
      await chart.getByRole('button', { name: 'pooled-buffer alone' }).click();
      expect(await chart.locator('.frame', { hasText: 'copyBuffer' }).count()).toBe(0);
      expect(await chart.locator('.less-3').count()).toBe(0);
      await chart.getByRole('searchbox').fill('HEADER');
      expect(await chart.locator('.found').count()).toBeGreaterThan(0);
    });
  });

  test('has no buttons to compare with where there is one variant', async () => {
    await withPage(single, {}, async ({ page: shown, complaints }) => {
      expect(await shown.locator('[data-mode]').count()).toBe(0);
      expect(await shown.locator('.from-standard').count()).toBeGreaterThan(0);
      expect(complaints).toEqual([]);
    });
  });

  test('runs nothing of hostile names, and shows them as text', async () => {
    await withPage(hostile, {}, async ({ page: shown, complaints }) => {
      await shown.waitForTimeout(200);
      for (const frame of await shown.locator('[data-flame="cpu"] .frame').all())
        await frame.hover({ force: true });
      expect(complaints).toEqual([]);
      expect(await shown.locator('main img, main svg, main script').count()).toBe(0);
      expect(await shown.locator('[aria-label^="</script><script>alert(1)"]').count()).toBeGreaterThan(0);
      expect(await shown.locator('[aria-label^="__proto__"]').count()).toBeGreaterThan(0);
    });
  });

  test('without JavaScript the tables are there, and no empty chart', async () => {
    await withPage(page, { javaScript: false }, async ({ page: shown }) => {
      expect(await shown.locator('main table').count()).toBeGreaterThan(6);
      expect(await shown.locator('[data-flame]:visible').count()).toBe(0);
    });
  });

  test.each([
    ['light', 1280, 900, false],
    ['dark', 1280, 900, true],
    ['phone-light', 360, 740, false],
    ['phone-dark', 360, 740, true],
  ] as const)('fits its window: %s', async (label, width, height, dark) => {
    for (const markup of [hostile, page]) {
      await withPage(markup, { width, height, dark }, async ({ page: shown, complaints }) => {
        await shown.waitForTimeout(200);
        await shown.screenshot({ path: join(screenshots, `profile-${label}.png`), fullPage: true });
        expect(await shown.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        expect(complaints).toEqual([]);
      });
    }
  });
});
