/** Every table that prints figures of the record prints the record's: read back from the page by a parser of its own. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MetricName } from '../record/index.js';
import { renderHtml } from './index.js';
import { chromiumPath, withPage } from './testing/browser.js';
import { builtAssets } from './testing/built-assets.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';

const { run, slices, windows } = sampleWithMechanisms();
const analysis = run.analysis;
if (analysis === null) throw new RangeError('the sample run has an analysis');
let report: string;

beforeAll(async () => {
  report = renderHtml({ run, slices, windows }, await builtAssets());
}, 60_000);

/** Factors to the record's units: ms, bytes, fractions; µs where `micros` says so. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  s: 1e3,
  ms: 1,
  µs: 1e-3,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  '%': 0.01,
  'requests/s': 1,
};

interface Printed {
  readonly value: number;
  /** Half a unit of its last digit, and a little for the rounding of binary fractions. */
  readonly within: number;
}

/** The first number of a cell with its unit; null where the cell has none. */
function printed(cell: string, micros: boolean): Printed | null {
  const text = cell.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');
  const match = /([+-]?[\d,]+(?:\.(\d+))?)\s*(ms|µs|s\b|KiB|MiB|GiB|B\b|%|requests\/s)?/.exec(text);
  if (match === null) return null;
  const factor = (UNITS[match[3] ?? ''] ?? 1) * (micros && /s$/.test(match[3] ?? '') ? 1000 : 1);
  const decimals = match[2]?.length ?? 0;
  return {
    value: Number(match[1]?.replaceAll(',', '')) * factor,
    within: 0.5000001 * 10 ** -decimals * factor,
  };
}

/** Rows of the table whose caption begins so: the row's name, then its cells by column. */
async function tableOf(
  page: Page,
  section: string,
  caption: string,
): Promise<Map<string, Map<string, string>>> {
  const rows = (await page.evaluate(`(() => {
    const table = [...document.querySelectorAll('#${section} table')].find((one) => one.caption.textContent.startsWith(${JSON.stringify(caption)}));
    const labels = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell, index) => [labels[index], cell.innerText.trim()]));
  })()`)) as readonly (readonly [string, string])[][];
  return new Map(rows.map((cells) => [cells[0]?.[1] ?? '', new Map(cells.slice(1))]));
}

/** The record's level of a metric, on the track that decides. */
function level(variant: string, metric: MetricName): number | null {
  return (
    analysis?.levels.find(
      (one) => one.variant === variant && one.metric === metric && one.track !== 'cross-check',
    )?.value ?? null
  );
}

const LEVEL_TABLES: readonly (readonly [
  section: string,
  caption: string,
  Readonly<Record<string, MetricName>>,
])[] = [
  ['latency', 'Latency from the intended', { p50: 'latency.p50', p90: 'latency.p90', p99: 'latency.p99' }],
  [
    'cpu',
    'CPU per request, with',
    {
      'CPU per request': 'cpu.per_request',
      'user CPU per request': 'cpu.user_per_request',
      'system CPU per request': 'cpu.system_per_request',
      'machine CPU per request': 'cpu.machine_per_request',
    },
  ],
  ['switches', 'Context switches', { all: 'ctx_switches.per_request' }],
  [
    'gc',
    'Allocation and collection',
    {
      'allocated bytes per request': 'alloc.bytes_per_request',
      'allocated objects per request': 'alloc.objects_per_request',
      'GC cycles per 1,000 requests': 'gc.cycles_per_1k',
      'GC pause p99': 'gc.pause.p99',
      'GC share of CPU': 'gc.cpu_fraction',
    },
  ],
  ['gc', 'Memory', { 'peak memory': 'memory.rss_peak' }],
];

describe.skipIf(chromiumPath() === null)(
  'what the page prints is what the record says',
  { timeout: 120_000 },
  () => {
    test('in every table of levels, for every variant', async () => {
      await withPage(report, {}, async ({ page }) => {
        let compared = 0;
        for (const [section, caption, columns] of LEVEL_TABLES) {
          const table = await tableOf(page, section, caption);
          expect([...table.keys()]).toEqual(run.variants.map(({ id }) => id));
          for (const [variant, cells] of table) {
            for (const [column, metric] of Object.entries(columns)) {
              const wanted = level(variant, metric);
              const found = printed(cells.get(column) ?? '', metric.startsWith('cpu.'));
              if (wanted === null) {
                expect(cells.get(column), `${section} ${variant} ${column}`).toContain('—');
                continue;
              }
              expect(
                Math.abs((found?.value ?? Number.NaN) - wanted),
                `${section} ${variant} ${column}`,
              ).toBeLessThanOrEqual(found?.within ?? 0);
              compared++;
            }
          }
        }
        expect(compared).toBeGreaterThan(90);
      });
    });

    test('in the overhead over no mesh, as differences', async () => {
      await withPage(report, {}, async ({ page }) => {
        const table = await tableOf(page, 'overhead', 'Difference from direct');
        const columns = {
          'latency p50': 'latency.p50',
          'latency p99': 'latency.p99',
          'CPU per request': 'cpu.per_request',
        };
        for (const [variant, cells] of table) {
          for (const [column, metric] of Object.entries(columns)) {
            const effect = analysis?.effects.find(
              (one) => one.candidate === variant && one.baseline === 'direct' && one.metric === metric,
            );
            const found = printed(cells.get(column) ?? '', metric.startsWith('cpu.'));
            const off = Math.abs((found?.value ?? Number.NaN) - (effect?.difference ?? Number.NaN));
            expect(off, `${variant} ${column}`).toBeLessThanOrEqual(found?.within ?? 0);
          }
        }
        expect(table.size).toBe(run.variants.length - 1);
      });
    });

    test('in the parts of the path, the shares by process and the load', async () => {
      await withPage(report, {}, async ({ page }) => {
        const hops = await tableOf(page, 'hops', 'Mean time');
        for (const { variant, parts } of analysis.hopSplit ?? []) {
          for (const { name, meanMicros } of parts) {
            const found = printed(hops.get(variant)?.get(name) ?? '', true);
            expect(Math.abs((found?.value ?? Number.NaN) - meanMicros), name).toBeLessThanOrEqual(
              found?.within ?? 0,
            );
          }
        }
        const load = await tableOf(page, 'validity', 'The load');
        for (const { id } of run.variants) {
          const sent = slices
            .filter(({ variant }) => variant === id)
            .reduce((sum, { requests }) => sum + requests, 0);
          expect(printed(load.get(id)?.get('requests') ?? '', false)?.value, id).toBe(sent);
        }
      });
    });

    test('in the verdicts, and in the record’s own words of the gate, the validity and the machine', async () => {
      await withPage(report, {}, async ({ page }) => {
        const text = String(await page.evaluate('document.body.innerText')).replaceAll('\u00a0', ' ');
        for (const { explanation } of analysis.gate) expect(text).toContain(explanation);
        for (const reason of analysis.validity.reasons) expect(text).toContain(reason);
        expect(text).toContain(`--seed ${run.seed}`);
        expect(text).toContain(run.machine.cpuModel);
        const rows = page.locator('.verdicts').first().locator('tbody tr:not(.baseline)');
        for (const row of await rows.all()) {
          const candidate = String(await row.locator('th').textContent());
          const change = await row.locator('td[data-label="CPU per request"] b').textContent();
          const effect = analysis.effects.find(
            (one) =>
              one.candidate === candidate && one.baseline === 'plain' && one.metric === 'cpu.per_request',
          );
          const found = printed(change ?? '', false);
          const off = Math.abs((found?.value ?? Number.NaN) - ((effect?.ratio ?? Number.NaN) - 1));
          expect(off, candidate).toBeLessThanOrEqual(found?.within ?? 0);
        }
      });
    });
  },
);
