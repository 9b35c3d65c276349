import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../record/index.js';
import { renderJunit } from './junit.js';
import { escapeMarkdown, renderMarkdown } from './markdown.js';
import { sampleRun } from './testing/sample-run.js';
import { repeatCommand } from './words.js';

const { run } = sampleRun({ rounds: 4 });
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const HOSTILE = '</testsuite>]]><script>alert(1)</script>\u0000\u202e| `x` [a](http://e.vil) @team #1 "\'&';

function withName(name: string): RunRecord {
  return { ...run, scenario: { ...run.scenario, name } };
}

describe('the Markdown summary', () => {
  const text = plain(renderMarkdown(run));
  test('says which variant to pick, then the other verdicts in words, each with its interval', () => {
    const bullets = text.split('\n').filter((line) => line.startsWith('- '));
    expect(bullets[0]).toBe(
      '- **Lowest latency p99**: ? Cannot tell: pooled-buffer, the closest of 2, is not shown to be better than plain \\(−3 %, 99 % interval −14 % to +11 %\\).',
    );
    expect(bullets[1]).toBe(
      '- **Lowest CPU per request**: ✓ pooled-buffer uses 12.9 % less CPU per request than plain \\(99.5 % interval 10.1 % to 15.8 %\\): better.',
    );
    expect(bullets[2]).toContain('✗ my-proxy uses 33.1 % more CPU per request than plain');
  });
  test('has the table of the first screen', () => {
    expect(text).toContain('| against plain | latency p50 | latency p99 | CPU per request |');
    expect(text).toContain('? cannot tell **−3 %** (−14 % to +11 %)');
  });
  test('has the gate, the validity and the command that repeats the run', () => {
    expect(text).toMatch(/\| \*\*✗ failed\*\* \| CPU per request \| my-proxy against plain/);
    expect(text).toContain('**? Suspect**: core 0');
    expect(text).toContain('```sh\nnpx meshmark run scenarios/buffers.yaml --seed 7\n```');
  });
  test('says that a mix was sent, and beside how many slow clients', () => {
    const get = { weight: 1, method: 'GET', path: `/${HOSTILE}`, headers: {}, body: null };
    const mixed = {
      ...run,
      requests: [get, get],
      slowClients: { connections: 1, readBytesPerSecond: 65_536 },
    };
    expect(renderMarkdown(mixed)).toContain(' · a mix of 2 requests · beside 1 slow client · ');
  });
  test('keeps a hostile name on one line and as text', () => {
    const heading = renderMarkdown(withName(`a\n${HOSTILE}`)).split('\n')[0] ?? '';
    expect(heading).toContain('\\`x\\`');
    expect(heading).not.toMatch(/<|(^|[^\\])\||\]\(|@team|#1|:\/\//);
  });
  test('gives a run without analysis a summary that says so', () => {
    expect(renderMarkdown({ ...run, analysis: null })).toContain('has not been analysed');
  });
});

test('a heading or list mark at the start of a text stays text', () => {
  expect(escapeMarkdown('# not a title')).toBe('\\# not a title');
  expect(escapeMarkdown('- not an item')).toBe('\\- not an item');
});

describe('JUnit', () => {
  test('has one case per gated metric and pair, failed and passed', () => {
    const xml = renderJunit(run);
    expect(xml).toContain('tests="2" failures="1" errors="0" skipped="0"');
    expect(xml.match(/<testcase /g)).toHaveLength(2);
    expect(plain(xml)).toMatch(
      /name="CPU per request: my-proxy against plain, limit at most \+5 %" time="0">\s*<failure/,
    );
  });
  test('skips what the gate could not decide, with the reason', () => {
    const analysis = run.analysis;
    if (analysis === null) throw new Error('the sample has an analysis');
    const gate = analysis.gate.map((result) => ({
      ...result,
      outcome: 'undecided' as const,
      explanation: 'too wide',
    }));
    const xml = renderJunit({ ...run, analysis: { ...analysis, gate } });
    expect(xml).toContain('failures="0" errors="0" skipped="2"');
    expect(xml).toContain('<skipped message="too wide"/>');
  });
  test('tells descriptive effects in system-out, not as tests', () => {
    expect(plain(renderJunit(run))).toContain(
      '[descriptive] alloc.bytes_per_request: pooled-buffer allocates 62.0 % fewer bytes',
    );
  });
  test('stays well-formed with hostile text: no forbidden character, no early end', () => {
    const xml = renderJunit(withName(HOSTILE));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids them
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
    expect(xml.match(/<\/testsuite>/g)).toHaveLength(1);
    expect(xml).not.toContain('<script');
    expect(xml).not.toMatch(/&(?!(amp|lt|gt|quot|apos);)/);
  });
});

describe('the command that repeats a run', () => {
  test('names the seed once', () => {
    expect(repeatCommand(run)).toBe('npx meshmark run scenarios/buffers.yaml --seed 7');
    expect(repeatCommand({ ...run, command: ['meshmark', 'run', 'a.yaml', '--seed=9'] })).toBe(
      'npx meshmark run a.yaml --seed=9',
    );
  });
  test('quotes what a shell would take apart', () => {
    expect(repeatCommand({ ...run, command: ['meshmark', 'run', "it's; rm -rf.yaml"] })).toBe(
      "npx meshmark run 'it'\\''s; rm -rf.yaml' --seed 7",
    );
  });
});
