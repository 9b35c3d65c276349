import { describe, expect, it } from 'vitest';
import { lookAtFolded, unanswered } from '../../profile/testing/sample-stacks.js';
import { HOSTILE_FUNCTIONS, hostileProfile, sampleProfile } from '../testing/sample-profile.js';
import { profileMovers } from './movers.js';
import { renderProfileHtml } from './page.js';

const ASSETS = { script: 'document.title;', style: 'body{margin:0}' };
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const sentencesOf = (input: Parameters<typeof profileMovers>[0], kind: string) =>
  plain(
    profileMovers(input)
      .kinds.find((one) => one.kind === kind)
      ?.sentences.join(' ') ?? '',
  );

describe('the words of a profile', () => {
  it('say how much a second variant differs from the first for a request, and what moved most', () => {
    expect(sentencesOf(sampleProfile(), 'allocations')).toBe(
      'Per request, pooled-buffer allocates 63.9 KiB less than plain (6.13 KiB against 70 KiB, −91.2 %). What moved most is buffer allocation: 64 KiB before, 131 B after, above all in net/http/httputil.(*ReverseProxy).copyBuffer (64 KiB before, 0 B after).',
    );
    expect(sentencesOf(sampleProfile(), 'cpu')).toContain(
      'What moved most is garbage collection: 800 µs before, 120 µs after',
    );
  });

  it('say of one variant what most of it is', () => {
    expect(sentencesOf(sampleProfile({ variants: ['plain'] }), 'allocations')).toBe(
      'Per request, plain allocates 70 KiB. Most of it is buffer allocation (91.4 %) and other allocation (8.6 %); no function has more than net/http/httputil.(*ReverseProxy).copyBuffer (91.4 %).',
    );
  });

  it('call nothing moved that chance explains', () => {
    const stacks = ['a', 'b'].flatMap((variant, index) =>
      (['cpu', 'allocations'] as const).map((kind) =>
        lookAtFolded(`x;y ${(50 + index) * 1e7} ${50 + index}`, { variant, kind }),
      ),
    );
    expect(sentencesOf(sampleProfile({ variants: ['a', 'b'], stacks }), 'cpu')).toMatch(
      /which chance alone can explain\. No kind of work moved by more than chance alone can explain\.$/,
    );
  });

  it('say of perf that the kernel’s part is in it, and what it said of a look that failed', () => {
    const found = (variant: string, samples: number) => ({
      ...lookAtFolded(`haproxy;tcp_sendmsg ${samples * 2e6} ${samples}`, { variant, kind: 'perf-cpu' }),
      note: 'the kernel’s part is not in it',
    });
    const planned = { looks: [{ kind: 'perf-cpu' as const, seconds: 2 }] };
    const both = profileMovers(
      sampleProfile({ variants: ['a', 'b'], planned, stacks: [found('a', 100), found('b', 300)] }),
    );
    expect(both.whole).toBe(true);
    expect(plain(both.kinds[0]?.sentences[0] ?? '')).toBe(
      'Per request, with the kernel’s part, b uses 400 µs more CPU than a (600 µs against 200 µs, 3.00×).',
    );
    expect(both.kinds[0]?.gaps).toEqual([
      'Of a: the kernel’s part is not in it.',
      'Of b: the kernel’s part is not in it.',
    ]);
    const failed = profileMovers(
      sampleProfile({
        variants: ['a'],
        planned,
        stacks: [{ ...unanswered({ variant: 'a', kind: 'perf-cpu' }), note: 'perf record: no permission' }],
      }),
    );
    expect(failed.whole).toBe(false);
    expect(failed.kinds[0]?.gaps).toContain('Of a: perf record: no permission.');
  });

  it('say what is missing and why, and what was left out', () => {
    const options = { variant: 'plain', kind: 'cpu' } as const;
    const input = sampleProfile({
      variants: ['plain'],
      stacks: [
        lookAtFolded('a;b 10000000 1', options),
        unanswered({ ...options, round: 1 }),
        unanswered({ ...options, kind: 'allocations' }),
      ],
    });
    const { kinds, whole } = profileMovers(input);
    expect(whole).toBe(false);
    expect(kinds.map(({ missing }) => missing)).toEqual([
      null,
      'There is no such profile of plain (none of its sidecars answered).',
      'There is no such profile of plain (nothing was kept of it).',
      'There is no such profile of plain (nothing was kept of it).',
    ]);
    expect(kinds[0]?.gaps).toEqual([
      'Of 2 looks at sidecars of plain, 1 ended without an answer and are left out.',
    ]);
    const page = renderProfileHtml(input, ASSETS);
    expect(page).toContain('none of its sidecars answered');
    expect(page).toContain('1 ended without an answer');
  });

  it('take nobody waiting for locks for an answer, not for something missing', () => {
    const { kinds, whole } = profileMovers(sampleProfile());
    expect(whole).toBe(true);
    expect(kinds.find(({ kind }) => kind === 'mutex')?.missing).toBe(
      'Nobody waited for a lock while it was looked.',
    );
  });
});

describe('the page of a profile', () => {
  const page = renderProfileHtml(sampleProfile(), ASSETS);

  it('is the same text for the same record', () => {
    expect(renderProfileHtml(sampleProfile(), ASSETS)).toBe(page);
  });

  it('has two tables for each chart, with captions of their own', () => {
    const charts = [...page.matchAll(/data-flame="(\w+)"/g)].map(([, id]) => id);
    expect(charts).toEqual(['cpu', 'allocations', 'goroutines']);
    const captions = [...page.matchAll(/<caption[^>]*><span>([^<]*)/g)].map(([, caption]) => caption);
    expect(new Set(captions).size).toBe(captions.length);
    for (const title of ['CPU per request', 'Allocations per request', 'Goroutines on average']) {
      expect(captions.filter((caption) => caption?.startsWith(title))).toHaveLength(2);
    }
  });

  it('takes names for text, wherever they stand', () => {
    const hostile = renderProfileHtml(hostileProfile(), ASSETS);
    const markup = hostile.replace(/<script type="application\/json"[^>]*>[^<]*<\/script>/g, '');
    expect(markup).not.toMatch(/<(img|svg|b>outbound)|<script>alert/);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('\u202e');
    const embedded = /id="flame-data">([^<]*)</.exec(hostile)?.[1] ?? '';
    const [chart] = JSON.parse(embedded);
    expect(chart.names).toEqual(expect.arrayContaining([HOSTILE_FUNCTIONS[0], '__proto__']));
    expect(Math.max(...chart.names.map((name: string) => name.length))).toBeLessThanOrEqual(400);
  });
});
