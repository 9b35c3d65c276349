import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../record/index.js';
import { renderMarkdown } from './markdown.js';
import { narrowingSeries } from './narrowing.js';
import { renderHtml } from './page.js';
import { withLooks } from './testing/sample-looks.js';
import { sampleRun } from './testing/sample-run.js';

const ASSETS = { script: '', style: '' };
const sample = sampleRun({ rounds: 4 });

const page = (run: RunRecord) => renderHtml({ ...sample, run }, ASSETS);

describe('a run that could end early', () => {
  it('shows each look with its interval and what it decided', () => {
    const html = page(withLooks());
    const section = html.slice(html.indexOf('id="narrowing"'), html.indexOf('id="overhead"'));
    expect(section).toContain('data-chart="narrowing-0"');
    expect(section).toMatch(/>5<.*\+10\.?\d*\s%.*\+1\.?\d*\s% to \+20.*undecided/);
    expect(section).toMatch(/>6<.*\+6\.0\s% to \+14\.0\s%.*beyond the limit/);
    expect(section).toContain('too early');
    expect(section).toContain('pooled-&lt;b&gt;buffer');
  });

  it('draws what has an interval, with the limit', () => {
    expect(narrowingSeries(withLooks())).toMatchObject([
      {
        chart: 'narrowing-0',
        limit: 1.05,
        points: [
          [5, 1.1, 1.01, 1.2],
          [6, 1.1, 1.06, 1.14],
        ],
      },
    ]);
  });

  it('says after how many blocks it stopped, and how its intervals are to be taken', () => {
    for (const text of [page(withLooks()), renderMarkdown(withLooks())]) {
      expect(text).toContain('Stopped after 6 of 10 blocks: every rule of the gate was decided');
      expect(text).toMatch(/at whatever look a run ends/);
    }
    const spent = withLooks({ ending: { rounds: 7, replicas: 7, why: 'budget' } });
    expect(renderMarkdown(spent)).toContain('Stopped after 7 of 10 blocks: its budget was spent');
    const whole = withLooks({ ending: { rounds: 10, replicas: 10, why: 'planned' } });
    expect(renderMarkdown(whole)).not.toContain('Stopped after');
    const left = withLooks({ ending: { rounds: 3, replicas: 3, why: 'nothing left' } });
    expect(renderMarkdown(left)).toContain('Stopped after 3 of 10 blocks: no variant was left');
    const steps = { type: 'sweep' as const, ratesPerSecond: [500] };
    expect(renderMarkdown({ ...left, planned: { ...left.planned, steps } })).not.toContain('Stopped after');
  });

  it('says whether a regression was found again', () => {
    const results = (sample.run.analysis?.gate ?? []).slice(0, 1);
    const told = (outcome: 'fail' | 'pass', ended = true) =>
      renderMarkdown(
        withLooks({
          confirmation: {
            seed: 99,
            ending: ended ? { rounds: 5, replicas: 5, why: 'decided' } : null,
            validity: { status: 'valid', reasons: [] },
            gate: results.map((result) => ({ ...result, outcome })),
          },
        }),
      );
    expect(told('fail')).toMatch(/fresh processes with seed 99 \(5 blocks\): it was found again/);
    expect(told('pass')).toContain('it was not found again, so that the gate cannot tell');
    expect(told('pass', false)).toContain('did not end');
  });
});

it('leaves the section out of runs that could not end early, and of earlier records', () => {
  expect(page(sample.run)).not.toContain('id="narrowing"');
  expect(renderMarkdown(sample.run)).not.toContain('Stopped after');
});
