import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type ClusterRecord, decodeHistogram, quantileNs } from '../record/index.js';
import { renderHtml } from './page.js';
import { sampleRun } from './testing/sample-run.js';

const ASSETS = { script: 'document.title;\r\n"</script>"', style: 'body{margin:0}' };
const input = sampleRun({ rounds: 4 });
const page = renderHtml(input, ASSETS);
const text = page.replaceAll('\u00a0', ' ');

function embedded(id: string): { readonly [key: string]: unknown } {
  const match = new RegExp(`<script type="application/json" id="${id}">([^<]*)</script>`).exec(page);
  return JSON.parse(match?.[1] ?? 'null');
}

function between(start: string, end: string): string {
  const from = text.indexOf(start);
  return text.slice(from, text.indexOf(end, from));
}

describe('the page', () => {
  test('is the same text for the same record', () => {
    expect(renderHtml(input, ASSETS)).toBe(page);
  });

  test('allows exactly its own script and style, by the hash of what stands in it', () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = (body: string) => createHash('sha256').update(body).digest('base64');
    expect(script).toBe('document.title;\n"<\\/script>"');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toBe(
      `default-src 'none'; script-src 'sha256-${hash(script)}'; style-src 'sha256-${hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  test('has no inline style or handler, which its policy would block, and no address to fetch', () => {
    const markup = page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');
    expect(markup).not.toMatch(/\sstyle=|\son\w+=/);
    expect(markup).not.toMatch(/(src|href)="(?!#|data:)/);
  });

  test('leads with the verdict, in words, with the interval', () => {
    expect(between('<dl class="picks">', '</dl>')).toContain(
      'pooled-buffer uses 12.9 % less CPU per request than plain (99.5 % interval 10.1 % to 15.8 %): better.',
    );
  });

  test('shows of several cells’ controls only that of the baseline’s own', () => {
    const cells = [
      { id: 'small', values: {}, variants: ['plain', 'pooled-buffer', 'my-proxy'] },
      { id: 'large', values: {}, variants: ['direct'] },
    ];
    const table = renderHtml({ ...input, run: { ...input.run, cells } }, ASSETS)
      .split('<table class="verdicts"')[1]
      ?.split('</table>')[0];
    expect(table).toContain('plain');
    expect(table).not.toContain('>direct<');
  });

  test('shows the control’s own figures, compares every other candidate, and says what is too wide', () => {
    const table = between('<table class="verdicts"', '</table>');
    const rows = [...table.matchAll(/<th scope="row"[^>]*><bdi class="name">([^<]*)/g)].map(
      (match) => match[1],
    );
    expect(rows).toEqual(['direct', 'plain', 'pooled-buffer', 'my-proxy']);
    expect(table).toContain('<span aria-hidden="true">?</span> cannot tell</span> <b>−3 %</b>');
    expect(text).toContain('comparisons above cannot tell');
  });

  test('says on the first screen what kind of path it was', () => {
    expect(between('<header', '</header>')).toContain('one machine, no interception');
  });

  test('says where in a cluster everything ran, on the first screen and whole', () => {
    const sample = sampleRun();
    const node = { kernel: '6.1', cpuModel: 'Some CPU', cores: 4, memoryBytes: 2 ** 34, bootId: 'same' };
    const cluster: ClusterRecord = {
      provider: 'kubernetes',
      context: 'kind-bench',
      version: 'v1.34.4',
      image: 'localhost/meshmark/dataplane:1',
      imageIds: ['sha256:0123abcd'],
      run: 'ab12cd34',
      nodes: [
        { name: 'node1', ...node },
        { name: 'node2', ...node },
      ],
      pods: [{ variant: 'plain', side: 'client', node: 'node2', roles: ['generator', 'outbound'], times: 4 }],
      leftOut: ['the cross-check by a second driver'],
    };
    const page = renderHtml({ ...sample, run: { ...sample.run, cluster } }, ASSETS);
    const header = page.slice(page.indexOf('<header'), page.indexOf('</header>'));
    expect(header).toContain('Kubernetes v1.34.4');
    expect(header).toContain('2 nodes on one machine');
    expect(header).not.toContain('one machine, no interception');
    expect(page).toMatch(/Where it ran[\s\S]*node2[\s\S]*generator, outbound/);
    expect(page).toContain('sha256:0123abcd');
    expect(page).toContain('Left out: the cross-check by a second driver.');
  });

  test('does not print a percentile with fewer than ten samples above it', () => {
    const few = sampleRun({ rounds: 2 });
    const section = renderHtml(few, ASSETS);
    expect(few.slices.filter((slice) => slice.track === 'long' && slice.variant === 'plain')).toHaveLength(2);
    expect(section).toContain('not printed: fewer than 10 samples above');
  });

  test('names every slice that was not simply valid', () => {
    const odd = input.slices.filter(
      (slice) => slice.status.state === 'failed' || slice.validity.status !== 'valid',
    );
    expect(odd.length).toBeGreaterThan(0);
    expect(text).toContain(`<summary>${odd.length} slices were not simply valid</summary>`);
    expect(text).toContain('connection refused');
  });

  test('the witnesses that nobody claims are kept apart, unless one of them disagrees', () => {
    const { analysis } = input.run;
    const idle = {
      name: 'event-loop',
      claimed: false,
      value: 0,
      detail: '',
      exercised: false,
      agrees: true,
      reason: null,
    };
    const pageWith = (extra: typeof idle) =>
      renderHtml(
        {
          ...input,
          run: {
            ...input.run,
            analysis: analysis && {
              ...analysis,
              witnesses: Object.fromEntries(
                Object.entries(analysis.witnesses).map(([id, results]) => [id, [...results, extra]]),
              ),
            },
          },
        },
        ASSETS,
      );
    const apart = (markup: string) => {
      const section = markup.slice(markup.indexOf('<section id="witnesses"'));
      return /<details>[\s\S]*?<\/details>/.exec(section.slice(0, section.indexOf('</section>')))?.[0] ?? '';
    };
    expect(apart(pageWith(idle))).toContain('event-loop');
    expect(apart(pageWith(idle))).not.toContain('buffer-pool');
    expect(apart(pageWith({ ...idle, value: 0.5, agrees: false }))).not.toContain('event-loop');
    expect(pageWith({ ...idle, value: 0.5, agrees: false })).toContain('does not agree');
  });

  test('every table has a caption and every header a scope', () => {
    const tables = page.match(/<table[\s\S]*?<\/table>/g) ?? [];
    expect(tables.length).toBeGreaterThan(8);
    for (const table of tables) {
      expect(table).toMatch(/<caption/);
      expect(table).not.toMatch(/<th(?![^>]*scope=)[\s>]/);
      expect(table).not.toMatch(/<th[^>]*><\/th>/);
    }
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('carries the slices with a digest, and their percentiles are those of the record', () => {
    const raw = embedded('raw-data') as { readonly sha256: string; readonly gzipBase64: string };
    const json = gunzipSync(Buffer.from(raw.gzipBase64, 'base64'));
    expect(createHash('sha256').update(json).digest('hex')).toBe(raw.sha256);
    expect(page).toContain(raw.sha256);
    const data = JSON.parse(json.toString('utf8'));
    expect(data.slices).toHaveLength(input.slices.length);
    const column = (name: string) => data.sliceColumns.indexOf(name);
    for (const slice of input.slices.slice(0, 20)) {
      const row = data.slices.find((candidate: unknown[]) => candidate[column('seq')] === slice.seq);
      expect(row[column('p99Ms')]).toBe(quantileNs(decodeHistogram(slice.latency ?? ''), 0.99) / 1e6);
    }
    expect(data.run.runId).toBe(input.run.runId);
  });

  test('shows a run without analysis, without slices, and with a hostile name, without throwing', () => {
    const name = '</script><!--<script>alert(1)</script>\u202e';
    const bare = renderHtml(
      {
        run: {
          ...input.run,
          analysis: null,
          state: 'failed',
          stateReason: 'disk full',
          scenario: { ...input.run.scenario, name, text: name },
        },
        slices: [],
        windows: [],
      },
      ASSETS,
    );
    expect(bare).toContain('has not been analysed');
    expect(bare).toContain('disk full');
    expect(bare).not.toContain('<script>alert');
    expect(bare).not.toContain('<!--');
    expect(bare).not.toContain('\u202e');
  });
});
