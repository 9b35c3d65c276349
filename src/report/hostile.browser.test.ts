import { beforeAll, describe, expect, test } from 'vitest';
import { type ReportAssets, renderHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';

let assets: ReportAssets;
/** How many elements of each kind that can do something a harmless report has. */
let harmless: string;

const INVISIBLE = ['\u0000', '\u0007', '\u001b', '\u202e', '\u2066', '\ufeff'];

const COUNT = `JSON.stringify(['script', 'style', 'img', 'iframe', 'object', 'base', 'form', 'link', 'main > section', 'table']
  .map((kind) => [kind, document.querySelectorAll(kind).length]))`;

beforeAll(async () => {
  assets = await builtAssets();
}, 60_000);

/** The sample with one variant called otherwise, and everything a user or a server says saying the same. */
function withText(text: string): string {
  const { run, slices, windows } = sampleWithMechanisms();
  const rename = (id: string) => (id === 'my-proxy' ? text : id);
  // As the reader of a record makes it: own properties whatever their names are, "__proto__" too.
  const renamed: typeof run = JSON.parse(
    JSON.stringify(run).replaceAll('"my-proxy"', () => JSON.stringify(text)),
  );
  return renderHtml(
    {
      run: {
        ...renamed,
        scenario: { name: text, path: text, text },
        stateReason: text,
        command: ['meshmark', 'run', text],
        machine: { ...renamed.machine, hostname: text, cpuModel: text, binaries: { [text]: text } },
        parity: [{ property: text, byVariant: { [text]: text, plain: text }, equal: false }],
        variants: renamed.variants.map((variant) => ({
          ...variant,
          description: text,
          explanation: text,
          caveat: text,
        })),
      },
      slices: slices.map((slice) => ({
        ...slice,
        variant: rename(slice.variant),
        validity: { ...slice.validity, reasons: slice.validity.reasons.map(() => text) },
      })),
      windows: windows.map((window) => ({ ...window, variant: rename(window.variant) })),
    },
    assets,
  );
}

describe.skipIf(chromiumPath() === null)('a hostile name stays a name', { timeout: 120_000 }, () => {
  test.each([
    [
      'that ends scripts, styles and comments',
      '</script></style><!--<script>alert(1)</script>--><img src=x onerror=alert(2)>',
    ],
    [
      'that ends attributes',
      `" onmouseover="alert(1)' onfocus='alert(2)\` autofocus tabindex=1 style="position:fixed`,
    ],
    [
      'of control and bidirectional characters',
      'a\u0000\u0007\u001b[2J\u202egnp.exe\u2066\ud800\ufeff\u2028',
    ],
    ['of ten thousand letters without a space', 'ŵ'.repeat(10_000)],
    [
      'that means something to JavaScript, CSS and SVG',
      '__proto__;javascript:alert(1)//\u0024{alert(1)}{{alert(1)}}url(http://example.test/x)&lt;<svg/onload=alert(1)>',
    ],
    ['of Object’s own', '__proto__'],
  ])('%s', async (_what, text) => {
    await withPage(withText('harmless'), {}, async ({ page }) => {
      harmless = String(await page.evaluate(COUNT));
    });
    await withPage(withText(text), { width: 360 }, async ({ page, complaints, requests, address }) => {
      await page.locator('#raw').scrollIntoViewIfNeeded();
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !/^(data|blob):/.test(url))).toEqual([address]);
      expect(await page.evaluate(COUNT)).toBe(harmless);
      expect(
        await page.evaluate(
          "document.querySelectorAll('[onerror], [onload], [onfocus], [onmouseover], [autofocus]').length",
        ),
      ).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const shown = String(await page.locator('h1').textContent());
      for (const invisible of INVISIBLE) expect(shown).not.toContain(invisible);
      expect(shown.slice(0, 5)).toBe(text.startsWith('a\u0000') ? 'a[U+0' : text.slice(0, 5));
    });
  });
});
