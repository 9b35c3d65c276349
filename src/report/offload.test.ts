import { describe, expect, it } from 'vitest';
import { CPU_CATEGORIES, type OffloadCeiling } from '../record/index.js';
import { renderMarkdown } from './markdown.js';
import { ceilingSentence, clockSentence } from './offload.js';
import { renderHtml } from './page.js';
import { sampleRun } from './testing/sample-run.js';

const share = (value: number, low: number | null, high: number | null) => ({ value, low, high });
const known: OffloadCeiling = {
  variant: 'tls-full',
  samples: 1234,
  replicas: 10,
  shares: {
    privateKey: share(0.34, 0.29, 0.39),
    keyExchange: share(0.1, 0.08, 0.12),
    keyEncapsulation: share(0.05, 0.03, 0.07),
    verification: share(0.09, 0.07, 0.11),
    symmetric: share(0.02, 0.01, 0.03),
    other: share(0.4, 0.35, 0.45),
  },
  bounds: {
    privateKey: share(0.34, 0.29, 0.39),
    asymmetric: share(0.58, 0.52, 0.64),
    privateKeyAndSymmetric: share(0.36, 0.31, 0.41),
  },
  profiledOverClock: 0.97,
  top: Object.fromEntries(
    CPU_CATEGORIES.map((category) => [category, [{ function: `<b>${category}`, share: 0.1 }]]),
  ) as OffloadCeiling['top'],
  reason: null,
};
const unknown: OffloadCeiling = {
  ...known,
  variant: 'envoy',
  samples: 0,
  shares: null,
  bounds: null,
  reason: 'it is not the Go sidecar',
};

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

function withCeilings(offloadCeiling: OffloadCeiling[] | undefined) {
  const input = sampleRun({ rounds: 2 });
  const { analysis } = input.run;
  if (analysis === null) throw new RangeError('the sample run has an analysis');
  const run = { ...input.run, analysis: { ...analysis, ...(offloadCeiling && { offloadCeiling }) } };
  return {
    html: plain(renderHtml({ ...input, run }, { script: '', style: '' })),
    markdown: plain(renderMarkdown(run)),
  };
}

describe('the bound on what offloading could save', () => {
  it('is said in one sentence that calls it a bound', () => {
    const sentence =
      'Perfect offload of private-key work could save at most 34 % (29 to 39 %) of this variant’s data-plane CPU; a bound computed from this profile, not a measurement of hardware.';
    expect(plain(ceilingSentence(known))).toBe(sentence);
    const { html, markdown } = withCeilings([known, unknown]);
    expect(html).toContain(sentence);
    expect(markdown.replaceAll('\\', '')).toContain(`- tls-full: ${sentence}`);
    expect(markdown).toContain('no bound, because it is not the Go sidecar.');
    expect(html).toContain('at most × 1.52');
    expect(html).toContain('at most 58 % (52 to 64 %)');
  });

  it('keeps what a profile calls a function text', () => {
    const { html } = withCeilings([known]);
    expect(html).toContain('&lt;b&gt;privateKey');
    expect(html).not.toContain('<b>privateKey');
  });

  it('says that there is no interval, and that profile and clock differ', () => {
    const without = { ...known, reason: '2 sets of fresh processes cannot carry an interval; 4 are needed' };
    const bounds = { ...without.bounds, privateKey: share(0.34, null, null) } as OffloadCeiling['bounds'];
    expect(ceilingSentence({ ...without, bounds })).toMatch(
      /34\u00a0% of .*without an interval, because 2 sets/,
    );
    expect(clockSentence(known)).toBeNull();
    expect(clockSentence({ ...known, profiledOverClock: null })).toBeNull();
    expect(plain(clockSentence({ ...known, profiledOverClock: 0.75 }) ?? '')).toMatch(
      /has 75 % of the CPU time/,
    );
  });

  it('has no section in a record that does not speak of it', () => {
    expect(withCeilings(undefined).html).not.toContain('id="offload"');
  });
});
