import { describe, expect, it } from 'vitest';
import { type HistoryLine, trendsOf } from '../history/index.js';
import { renderHistoryHtml } from './history.js';

const ASSETS = { style: 'p { color: red }', script: 'never()' };

function line(index: number, value: number, changed: Partial<HistoryLine> = {}): HistoryLine {
  return {
    schema: 'meshmark.history/1',
    time: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
    runId: `run-${index}`,
    commit: 'abcdef0123456789',
    machine: 'f00d',
    scenario: { name: 'quick', digest: '1234' },
    variant: 'mine',
    baseline: 'plain',
    metric: 'cpu.per_request',
    value,
    low: value * 0.9,
    high: value * 1.1,
    ...changed,
  };
}

const shifted = Array.from({ length: 24 }, (_, index) =>
  line(index, (index < 14 ? 1 : 1.2) + (index % 3) / 100),
);

describe('the page of a history', () => {
  const page = renderHistoryHtml(
    { meshmarkVersion: '1.2.3', trends: trendsOf(shifted), damaged: [] },
    ASSETS,
  );

  it('tells each change with its runs, and draws every run', () => {
    expect(page).toContain('24 runs, 1 change<');
    expect(page).toMatch(/\+(19|20)\.\d\u00a0%/);
    expect(page).toContain('run-13');
    expect(page).toContain('<code>abcdef012345</code>');
    expect(page.match(/<circle /g)).toHaveLength(24);
    expect(page.match(/class="change worse"/g)).toHaveLength(1);
    expect(page.match(/class="mean"/g)).toHaveLength(2);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has no script and may reach nothing', () => {
    expect(page).toContain("default-src 'none'; script-src 'none'");
    expect(page).not.toMatch(/<script| style=|https?:/);
  });

  it('shows hostile names as text', () => {
    const hostile = '"><img src=x onerror=alert(1)>';
    const lines = shifted.map((one) => ({
      ...one,
      runId: `${hostile}${one.runId}`,
      variant: hostile,
      machine: hostile,
      scenario: { name: hostile, digest: hostile },
    }));
    const damaged = [{ line: 3, reason: hostile }];
    const markup = renderHistoryHtml({ meshmarkVersion: '1', trends: trendsOf(lines), damaged }, ASSETS);
    expect(markup).not.toContain('<img');
    expect(markup).toContain('line 3: &quot;&gt;&lt;img');
  });

  it('stands one run, constants, zeros and figures without an interval', () => {
    for (const lines of [
      [line(0, 5, { low: null, high: null })],
      Array.from({ length: 12 }, (_, index) => line(index, 0, { low: 0, high: 0, metric: 'errors.rate' })),
      Array.from({ length: 12 }, (_, index) => line(index, 7, { baseline: null, high: 1e300 })),
    ]) {
      const markup = renderHistoryHtml(
        { meshmarkVersion: '1', trends: trendsOf(lines), damaged: [] },
        ASSETS,
      );
      expect(markup).not.toMatch(/NaN|Infinity|undefined/);
      expect(markup.match(/<circle /g)).toHaveLength(lines.length);
    }
  });
});
