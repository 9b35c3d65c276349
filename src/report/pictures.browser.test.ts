import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';

const screenshots =
  process.env.MESHMARK_SCREENSHOTS ?? fileURLToPath(new URL('../../dist/screenshots', import.meta.url));
const NAME = '<img src=x onerror=alert(1)>&"';
let report: string;

beforeAll(async () => {
  const sample = sampleWithMechanisms();
  const rename = (id: string) => (id === 'my-proxy' ? NAME : id);
  const hostile = JSON.parse(JSON.stringify(sample.run).replaceAll('"my-proxy"', JSON.stringify(NAME)));
  const slices = sample.slices.map((slice) => ({ ...slice, variant: rename(slice.variant) }));
  const windows = sample.windows.map((window) => ({ ...window, variant: rename(window.variant) }));
  report = renderHtml({ run: hostile, slices, windows }, await builtAssets());
  await mkdir(screenshots, { recursive: true });
}, 60_000);

async function saved(
  page: Page,
  chart: string,
  kind: 'SVG' | 'PNG',
): Promise<{ name: string; bytes: Buffer }> {
  const waiting = page.waitForEvent('download');
  await page.locator(`[data-chart="${chart}"] .pictures button`, { hasText: kind }).click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

describe.skipIf(chromiumPath() === null)('charts as pictures', { timeout: 120_000 }, () => {
  test('each is saved as SVG that is well-formed, with its title, its names, its lines and no element of a name', async () => {
    await withPage(report, {}, async ({ page, complaints, requests, address }) => {
      const charts = await page.evaluate(
        "[...document.querySelectorAll('.chart:not([hidden])')].map((figure) => figure.dataset.chart)",
      );
      expect(charts).toEqual(
        expect.arrayContaining(['latency', 'cpu', 'hop-split', 'slice-cpu', 'ablation-cpu', 'allocation']),
      );
      for (const chart of charts as readonly string[]) {
        const { name, bytes } = await saved(page, chart, 'SVG');
        expect(name).toBe(`meshmark-20260102-030405-buffers-${chart}.svg`);
        const svg = bytes.toString('utf8');
        await writeFile(join(screenshots, `chart-${chart}.svg`), svg);
        const found = (await page.evaluate(
          `(() => { const parsed = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml');
            return { faults: parsed.querySelectorAll('parsererror').length, texts: parsed.querySelectorAll('text').length,
              paths: parsed.querySelectorAll('path').length, strange: parsed.querySelectorAll('img, script, image, foreignObject').length,
              bad: /NaN|undefined/.test(${JSON.stringify(svg)}) }; })()`,
        )) as { faults: number; texts: number; paths: number; strange: number; bad: boolean };
        expect(found, chart).toMatchObject({ faults: 0, strange: 0, bad: false });
        expect(found.texts, chart).toBeGreaterThan(4);
        expect(found.paths, chart).toBeGreaterThan(4);
      }
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !/^(data|blob):/.test(url))).toEqual([address]);
    });
  });

  test('is saved as PNG of twice the size, by keyboard too', async () => {
    await withPage(report, { dark: true }, async ({ page, complaints }) => {
      const { name, bytes } = await saved(page, 'latency', 'PNG');
      await writeFile(join(screenshots, 'chart-latency.png'), bytes);
      expect(name).toBe('meshmark-20260102-030405-buffers-latency.png');
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect(bytes.readUInt32BE(16)).toBe(2 * (900 + 32));
      expect(bytes.length).toBeGreaterThan(20_000);
      const waiting = page.waitForEvent('download');
      await page.locator('[data-chart="cpu"] .pictures button').first().focus();
      await page.keyboard.press('Enter');
      expect((await waiting).suggestedFilename()).toMatch(/cpu\.svg$/);
      expect(await page.locator('[data-chart="cpu"] .pictures [role="status"]').textContent()).toContain(
        'Saved as',
      );
      expect(complaints).toEqual([]);
    });
  });
});
