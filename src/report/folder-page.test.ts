import { describe, expect, test } from 'vitest';
import { renderFolderHtml } from './folder-page.js';
import { sampleRun } from './testing/sample-run.js';

const { run } = sampleRun({ rounds: 2 });
const ASSETS = { script: '', style: '' };

function pageOf(...entries: Parameters<typeof renderFolderHtml>[0]['entries']): string {
  return renderFolderHtml({ meshmarkVersion: '1', folder: 'reports', entries }, ASSETS).replaceAll(
    '\u00a0',
    ' ',
  );
}

describe('the page of a folder', () => {
  test('leads to each report, newest first, with what came out', () => {
    const page = pageOf(
      { type: 'run', folder: 'old', page: 'report.html', run },
      {
        type: 'run',
        folder: 'a b&c',
        page: 'report.html',
        run: { ...run, createdAt: '2027-01-01T00:00:00.000Z' },
      },
    );
    expect([...page.matchAll(/<a href="([^"#]+)"/g)].map((match) => match[1])).toEqual([
      'a%20b%26c/report.html',
      'old/report.html',
    ]);
    expect(page).toContain('pooled-buffer</bdi> −12.9 %');
    expect(page).toContain('nothing shown to be better than');
    expect(page).toContain('suspect');
  });

  test('says where a report is missing, a run was cut short, and a record cannot be read', () => {
    const page = pageOf(
      { type: 'run', folder: 'cut', page: null, run: { ...run, state: 'interrupted' } },
      { type: 'unreadable', folder: 'bad', page: null, reason: 'bad/run.json:1:1 is not JSON' },
    );
    expect(page).toContain('meshmark report writes it');
    expect(page).toContain('<b>interrupted</b>');
    expect(page).toContain('bad/run.json:1:1 is not JSON');
  });

  test('shows hostile names as text', () => {
    const name = '"><script>alert(1)</script>';
    const page = pageOf({
      type: 'run',
      folder: name,
      page: 'report.html',
      run: { ...run, scenario: { ...run.scenario, name } },
    });
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('href="%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E/report.html"');
  });
});
