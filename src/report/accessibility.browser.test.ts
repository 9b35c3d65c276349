import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderHtml, renderProfileHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';
import { sampleClinic, sampleProfile } from './testing/sample-profile.js';
import { sampleRun } from './testing/sample-run.js';
import { searched } from './testing/sample-steps.js';

/** What axe-core finds wrong: the rule, and the elements that break it. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

const pages = new Map<string, string>();

beforeAll(async () => {
  const assets = await builtAssets();
  pages.set('usual', renderHtml(sampleRun(), assets));
  pages.set('mechanisms', renderHtml(sampleWithMechanisms(), assets));
  pages.set('objective', renderHtml({ run: searched, slices: [], windows: [] }, assets));
  const forProfiles = await builtAssets('profile');
  pages.set('profile', renderProfileHtml(sampleProfile(), forProfiles));
  pages.set('clinic', renderProfileHtml(sampleClinic(), forProfiles));
}, 60_000);

async function found(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const violations = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )) as readonly Violation[];
  return violations.map(({ id, nodes }) => {
    const places = nodes.slice(0, 5).map(({ target }) => target.join(' '));
    return `${id}: ${places.join(', ')}`;
  });
}

describe.skipIf(chromiumPath() === null)('what axe-core finds in the report', { timeout: 120_000 }, () => {
  test.each([
    ['usual', 1440, false],
    ['usual', 1440, true],
    ['usual', 360, false],
    ['mechanisms', 1440, false],
    ['mechanisms', 1440, true],
    ['mechanisms', 360, true],
    ['objective', 1440, false],
    ['objective', 360, true],
    ['profile', 1440, false],
    ['profile', 360, true],
    ['clinic', 1440, true],
    ['clinic', 360, false],
  ] as const)('is nothing: %s at %i px, dark: %s', async (label, width, dark) => {
    await withPage(pages.get(label) ?? '', { width, dark }, async ({ page }) => {
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await found(page)).toEqual([]);
    });
  });

  test('is a picture without words, where somebody puts one in', async () => {
    await withPage(pages.get('usual') ?? '', {}, async ({ page }) => {
      await page.evaluate("document.querySelector('h1').append(document.createElement('img'))");
      expect(await found(page)).toEqual(['image-alt: img']);
    });
  });
});
