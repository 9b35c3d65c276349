import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readCarriedRun } from './carried-run.js';
import { renderHtml } from './page.js';
import { sampleRun } from './testing/sample-run.js';

const input = sampleRun({ rounds: 2 });
const page = renderHtml(input, { script: '', style: '' });

/** A page that carries these bytes, with the digest of them or another. */
function carrying(json: string, digest?: string): string {
  const sha256 = digest ?? createHash('sha256').update(json).digest('hex');
  const gzipBase64 = gzipSync(json).toString('base64');
  return `<script type="application/json" id="raw-data">${JSON.stringify({ sha256, gzipBase64 })}</script>`;
}

describe('reading back what a report carries', () => {
  test('gives the record as it was', () => {
    expect(readCarriedRun('a.html', page)).toEqual(JSON.parse(JSON.stringify(input.run)));
  });

  test.each([
    ['no report', '<p>hello</p>', 'RECORD_NOT_A_RUN', 'carries no run'],
    [
      'data that are not JSON',
      '<script type="application/json" id="raw-data">{</script>',
      'RECORD_MALFORMED',
      'not JSON',
    ],
    [
      'data without a digest',
      '<script type="application/json" id="raw-data">{}</script>',
      'RECORD_MALFORMED',
      'not packed',
    ],
    ['data of another digest', carrying('{}', 'f00d'), 'RECORD_MALFORMED', 'digest'],
    ['data of another kind', carrying('{"schema":"other/1","run":{}}'), 'RECORD_MALFORMED', 'not a run’s'],
    [
      'a run of a newer schema',
      carrying('{"schema":"meshmark.report-data/1","run":{"schema":"meshmark.run/9"}}'),
      'RECORD_NEWER_SCHEMA',
      'meshmark.run/9',
    ],
  ])('says of %s what is wrong with it, and which file', (_what, markup, code, words) => {
    expect(() => readCarriedRun('a.html', markup)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(new RegExp(`a\\.html.*${words}`)) }),
    );
  });

  test('takes no damaged base64 for data', () => {
    const cut = page.replace(/("gzipBase64":"[^"]{400})[^"]*"/, '$1"');
    expect(() => readCarriedRun('a.html', cut)).toThrow(/cannot be unpacked/);
  });
});
