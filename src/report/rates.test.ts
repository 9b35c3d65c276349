import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../record/index.js';
import { renderMarkdown } from './markdown.js';
import { renderHtml } from './page.js';
import { sampleRun } from './testing/sample-run.js';

const ASSETS = { script: '', style: '' };
const sample = sampleRun({ rounds: 4 });
const [first] = sample.run.variants;
const id = first?.id ?? '';

const point = (offeredRatePerSecond: number, p99Ms: number) => ({
  offeredRatePerSecond,
  steps: 4,
  achievedRatePerSecond: offeredRatePerSecond,
  errorShare: 0,
  p50Ms: { value: 1, low: 0.9, high: 1.1 },
  p99Ms: { value: p99Ms, low: null, high: null },
  cpuMicrosPerRequest: { value: 120, low: 110, high: 130 },
  residentBytes: 20 * 2 ** 20,
  generatorLimited: false,
});

function stepped(
  steps: NonNullable<RunRecord['planned']['steps']>,
  found: Partial<NonNullable<RunRecord['analysis']>>,
): RunRecord {
  const { analysis } = sample.run;
  if (analysis === null) throw new Error('the sample has an analysis');
  return {
    ...sample.run,
    planned: { ...sample.run.planned, steps, pairs: [], gate: [] },
    analysis: { ...analysis, levels: [], effects: [], besideEffects: [], gate: [], ...found },
  };
}

const swept = stepped(
  { type: 'sweep', ratesPerSecond: [500, 1000] },
  {
    curves: [
      {
        variant: id,
        points: [point(500, 2), point(1000, 40)],
        kneeRatePerSecond: 500,
        tooMuchRatePerSecond: 1000,
      },
    ],
  },
);
const searched = stepped(
  {
    type: 'search',
    objective: { latency: [{ quantile: 0.99, limitMs: 5 }], mostErrors: 0.01 },
    startRatePerSecond: 100,
    precision: 0.04,
  },
  {
    curves: [{ variant: id, points: [point(800, 4)], kneeRatePerSecond: 800, tooMuchRatePerSecond: null }],
    sloResults: [
      {
        variant: id,
        steps: 12,
        ratePerSecond: 812,
        low: 800,
        high: 824,
        settled: true,
        generatorLimitPerSecond: null,
        coresPerThousand: { value: 0.12, low: 0.11, high: 0.13 },
        megabytesPerThousand: { value: 25.2, low: null, high: null },
      },
    ],
  },
);

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
  });
});
