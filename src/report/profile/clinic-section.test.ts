import { describe, expect, it } from 'vitest';
import { sampleClinic, sampleProfile } from '../testing/sample-profile.js';
import { findingSentence } from './clinic-words.js';
import { profileMovers } from './movers.js';
import { renderProfileHtml } from './page.js';

const ASSETS = { script: 'document.title;', style: 'body{margin:0}' };
const pageOf = (input: Parameters<typeof renderProfileHtml>[0]) =>
  renderProfileHtml(input, ASSETS).replaceAll('\u00a0', ' ');

describe('what clinic found, on the page', () => {
  it('has the findings of each tool with a link to its page, and says that all was taken under a profiler', () => {
    const page = pageOf(sampleClinic());
    for (const subject of ['node-plain', 'node-pooled', 'autocannon']) {
      for (const tool of ['doctor', 'flame', 'bubbleprof', 'heapprofiler']) {
        expect(page).toContain(`href="clinic/${subject}/${tool}.html"`);
      }
    }
    expect(page).toContain('Of 2048 samples of CPU, most are in: emit node:events (50 %)');
    expect(page).toContain('It may be held up by input and output');
    expect(page).toContain('Beyond doctor’s limits: CPU.');
    expect(page).toContain('none of them is a measurement');
    expect(page).toContain('Of the 2 processes of autocannon, one was looked at');
  });

  it('has flame graphs of the two variants, and the same sentence of what moved', () => {
    const page = pageOf(sampleClinic());
    expect(page).toContain('data-flame="node-cpu"');
    expect(page).toContain('data-flame="node-heap"');
    expect(page).toContain('What moved most is system calls: 400 µs before, 100 µs after');
  });

  it('tells of a tool that did not work in its own words, and goes on with the others', () => {
    const input = sampleClinic((line) =>
      line.tool === 'flame'
        ? { ...line, page: null, findings: null, fault: 'no isolate logfile found' }
        : line,
    );
    const page = pageOf({ ...input, stacks: input.stacks.filter(({ kind }) => kind !== 'node-cpu') });
    expect(page).toContain('Not all of it worked here:</b> no isolate logfile found');
    expect(page).toContain('There is no such profile of node-plain (no isolate logfile found)');
    expect(page).not.toContain('flame.html');
    expect(profileMovers(input).whole).toBe(true);
  });

  it('is not whole when no tool found anything in one of the variants', () => {
    const input = sampleClinic((line) =>
      line.variant === 'node-pooled' ? { ...line, findings: null, fault: 'it wrote nothing' } : line,
    );
    expect(profileMovers(input).whole).toBe(false);
  });

  it('links nothing but pages of clinic’s beside it, and takes names for names', () => {
    for (const page of [
      'javascript:alert(1)',
      '//host/x.html',
      'clinic/../../x.html',
      'clinic/"x/doctor.html',
    ]) {
      const text = pageOf(sampleClinic((line) => ({ ...line, page })));
      expect(text).not.toMatch(/<a href="(?!#)[^"]*(javascript|host|\.\.|&quot;)/);
    }
    const hostile = pageOf(
      sampleClinic((line) => ({
        ...line,
        fault: '<img src=x onerror=alert(1)>',
        findings: { type: 'shares', unit: 'ms', total: 1, largest: [{ name: '</script><b>', value: 1 }] },
      })),
    );
    expect(hostile).not.toContain('<img src=x');
    expect(hostile).not.toContain('</script><b>');
  });

  it('is absent where clinic was not asked', () => {
    expect(pageOf(sampleProfile())).not.toContain('id="clinic"');
  });

  it('says so where a tool found nothing, and names a category of doctor’s that it does not know', () => {
    const none = { type: 'shares', unit: 'ms', total: 0, largest: [] } as const;
    expect(findingSentence({ tool: 'bubbleprof', findings: { ...none, largest: [] } })).toContain(
      'Nothing was found',
    );
    expect(
      findingSentence({ tool: 'doctor', findings: { type: 'diagnosis', category: 'new', issues: [] } }),
    ).toBe('Doctor calls it new.');
    expect(findingSentence({ tool: 'doctor', findings: null })).toBeNull();
  });
});
