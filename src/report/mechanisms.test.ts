import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../record/index.js';
import { renderMarkdown } from './markdown.js';
import { renderHtml } from './page.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';
import { sampleRun } from './testing/sample-run.js';

const ASSETS = { script: '', style: '' };
const input = sampleWithMechanisms();
const page = plain(renderHtml(input, ASSETS));

function plain(markup: string): string {
  return markup.replaceAll('\u00a0', ' ');
}

/** The words of a section, without its tags. */
function words(id: string, markup = page): string {
  const from = markup.indexOf(`<section id="${id}"`);
  if (from === -1) return '';
  return markup
    .slice(from, markup.indexOf('</section>', from))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

function changed(change: Partial<RunRecord>): string {
  return plain(renderHtml({ ...input, run: { ...input.run, ...change } }, ASSETS));
}

function chartData(markup: string) {
  return JSON.parse(/<script type="application\/json" id="chart-data">([^<]*)</.exec(markup)?.[1] ?? 'null');
}

describe('the first screen', () => {
  const top = page.slice(page.indexOf('<header'), page.indexOf('</header>'));
  const tables = (top.match(/<table[\s\S]*?<\/table>/g) ?? []).map((table) =>
    table.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '),
  );

  test('joins pairs of several baselines to one table, and leaves factors to their own section', () => {
    expect(tables).toHaveLength(2);
    expect(tables[1]).toContain('my-proxy against only-lean ✗ worse +122 % +110 % to +135 %');
    expect(tables[1]).toContain('no-lean against only-pool ✓ better −5.0 %');
    expect(top).not.toContain('against <bdi class="name">all-on');
    expect(top).not.toContain('than all-on');
  });

  test('keeps a table for a single other baseline', () => {
    const { planned } = input.run;
    const pairs = planned.pairs.filter(({ baseline }) => baseline !== 'only-pool');
    const one = changed({ planned: { ...planned, pairs } });
    expect(one).toContain('Against <bdi class="name">only-lean</bdi>');
    expect(one).not.toContain('Other pairs');
  });

  test('names the variants whose figures do not stand for a real machine', () => {
    expect(top).toContain('<b><bdi class="name">no-pool</bdi></b>: it needs two cores');
    expect(words('variants')).toContain('Take care: it needs two cores.');
    const failed = changed({ variants: input.run.variants.map((own) => ({ ...own, status: 'failed' })) });
    expect(failed.slice(0, failed.indexOf('</header>'))).not.toContain('it needs two cores');
  });
});

describe('surprises', () => {
  test('stand right after the verdict, each with what was expected, by whom, and what was found', () => {
    expect(/<main>\s*<section id="([^"]+)"/.exec(page)?.[1]).toBe('surprises');
    expect(words('surprises')).toContain(
      'only-pool was expected to be lower than plain in latency p99. Found: 9.0 % higher (4.0 % to 14.2 %) . What the expectation rests on: A paper on buffers, 2020.',
    );
  });

  test('are absent when nothing surprises', () => {
    expect(input.run.analysis).not.toBeNull();
    const calm = changed({ analysis: input.run.analysis && { ...input.run.analysis, surprises: [] } });
    expect(calm).not.toContain('Surprises');
  });
});

test('the summary joins the same pairs and tells the same surprises', () => {
  const summary = plain(renderMarkdown(input.run));
  expect(summary).toContain('| my-proxy against only-lean | ✗ worse **+122 %** (+110 % to +135 %) |');
  expect(summary).toContain(
    '- **Surprise**: only-pool was expected to be lower than plain in latency p99 (A paper on buffers, 2020)',
  );
});

describe('what each variant is', () => {
  test('every variant has a closed disclosure with its options, its counterpart and its explanation', () => {
    const disclosures = page.match(/<details class="explanation">[\s\S]*?<\/details>/g) ?? [];
    expect(disclosures).toHaveLength(input.run.variants.length);
    const own = disclosures.find((text) => text.includes('>only-pool</bdi> <small>')) ?? '';
    expect(own).toContain('<code>buffers: pooled</code>');
    expect(own).toMatch(/Differs in its point alone from<\/dt><dd><bdi class="name">plain/);
    expect(own).toContain('latency p99 lower than <bdi class="name">plain</bdi>: <small>A paper on buffers');
    expect(
      own.match(/<p>This is pooled-buffer\. It keeps[^<]*<\/p>\s*<p>Its counter proves it/),
    ).not.toBeNull();
  });

  test('an explanation is printed once, and others of the kind lead to it', () => {
    expect(page.match(/It keeps what it has used/g)).toHaveLength(5);
    expect(words('variants').match(/the same kind as all-on , which is explained above/g)).toHaveLength(2);
  });

  test('a variant without an explanation shows the rest', () => {
    const own = input.run.variants.find(({ id }) => id === 'my-proxy');
    expect(own?.explanation).toBeUndefined();
    expect(words('variants')).toContain(`my-proxy ${own?.description} Kind custom`);
  });
});

describe('where the time goes', () => {
  test('each part has its mean and interval, and the parts are added up', () => {
    expect(words('hops')).toContain('plain 118 µs 113 µs to 124 µs 64.1 µs');
    expect(words('hops')).toMatch(/41 µs 320 µs 41,200/);
    expect(chartData(page).hopSplit.parts.map((part: { name: string }) => part.name)).toEqual([
      'outbound sidecar',
      'wire outbound → inbound',
      'inbound sidecar',
      'service',
    ]);
  });

  test('a part below zero is explained, stands in the table, and is not drawn', () => {
    const { analysis } = input.run;
    const parts = [
      { name: 'wire client → outbound', meanMicros: -15.2, low: null, high: null },
      { name: 'outbound sidecar', meanMicros: 40, low: null, high: null },
    ];
    const negative = changed({
      analysis: analysis && { ...analysis, hopSplit: [{ variant: 'plain', requests: 5, parts }] },
    });
    expect(words('hops', negative)).toContain('A part below zero');
    expect(words('hops', negative)).toContain('plain −15.2 µs 40 µs 24.8 µs');
    expect(chartData(negative).hopSplit.parts[0].values).toEqual([0]);
    expect(words('hops')).not.toContain('below zero');
  });

  test('a part that only one path has is marked as missing in the others, in the order of the path', () => {
    const { analysis } = input.run;
    const part = (name: string) => ({ name, meanMicros: 10, low: null, high: null });
    const mixed = changed({
      analysis: analysis && {
        ...analysis,
        hopSplit: [
          { variant: 'plain', requests: 5, parts: [part('outbound'), part('service')] },
          { variant: 'all-on', requests: 5, parts: [part('outbound'), part('gateway'), part('service')] },
        ],
      },
    });
    expect(words('hops', mixed)).toContain('Variant outbound gateway service all of it requests');
    expect(words('hops', mixed)).toContain('not in its path');
    expect(chartData(mixed).hopSplit.parts[1].values).toEqual([null, 10]);
  });
});

describe('the ablation', () => {
  test('tells for each factor what switching it off and on does, and what was not compared', () => {
    const text = words('ablation');
    expect(text).toContain('buffers ✗ worse +8.0 % +5.0 % to +11.0 % ✓ better −10.0 % −13.0 % to −7.0 %');
    expect(text).toContain('lean — not known not compared ✓ better −19 % −28 % to −10 %');
  });

  test('hands the charts the same intervals', () => {
    expect(chartData(page).ablation[1]).toEqual({
      chart: 'ablation-latency',
      title: 'change in latency p99',
      factors: [
        { label: 'buffers', off: [1.02, 0.91, 1.15], on: [0.96, 0.84, 1.09] },
        { label: 'lean', off: null, on: [0.81, 0.72, 0.9] },
      ],
    });
  });

  test('leaves out a metric that no factor was compared in', () => {
    const { analysis } = input.run;
    const effects = analysis?.effects.filter((effect) => effect.metric !== 'latency.p99') ?? [];
    const text = words('ablation', changed({ analysis: analysis && { ...analysis, effects } }));
    expect(text).toContain('Change in CPU per request by each factor');
    expect(text).not.toContain('latency');
  });
});

describe('duties and path', () => {
  test('the matrix says what each variant does, and where nobody can tell', () => {
    const row = (id: string) => new RegExp(` ${id} ((?:(?:[✓–] (?:yes|no)) ){8})`).exec(words('duties'))?.[1];
    expect(row('direct')).toBe('– no '.repeat(8));
    expect(row('plain')).toBe('– no '.repeat(8));
    expect(row('all-on')).toBe('✓ yes '.repeat(8));
    // A proxy of others that can do five of the seven, and keeps no log.
    expect(row('no-pool')).toBe('✓ yes ✓ yes ✓ yes ✓ yes – no – no ✓ yes – no ');
    expect(words('duties')).toContain('my-proxy — not known not known to meshmark');
  });

  test('the first screen and the summary say where it stood, in the record’s words', () => {
    const top = page.slice(page.indexOf('<header'), page.indexOf('</header>'));
    for (const fact of ['two nodes', 'no interception', '10 ms round trip between clusters']) {
      expect(top).toContain(`<span class="fact">${fact}</span>`);
    }
    expect(top).not.toContain('one machine');
    expect(plain(renderMarkdown(input.run))).toContain(
      'two nodes · no interception · 10 ms round trip between clusters',
    );
    expect(words('duties')).toContain('Path client → outbound → gateway → inbound → service');
    expect(words('duties')).toContain('west: client, outbound; east: gateway, inbound, service');
  });
});

test('a record from before any of this was written has none of the sections but the list of variants', () => {
  const old = renderHtml(sampleRun({ rounds: 4 }), ASSETS);
  for (const id of ['surprises', 'hops', 'ablation', 'duties']) expect(old).not.toContain(`id="${id}"`);
  expect(old).toContain('id="variants"');
  expect(chartData(old)).toMatchObject({ hopSplit: null, ablation: [] });
});
