/** What each data plane adds to a request that goes straight to the service. */
import { type Effect, METRICS, type MetricName } from '../../record/index.js';
import { type Html, html, name } from '../html.js';
import { publishedBeside } from '../published.js';
import { changeCell, differenceCell, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';
import { controls } from '../words.js';

const SHOWN: readonly MetricName[] = [
  'latency.p50',
  'latency.p90',
  'latency.p99',
  'latency.p99.9',
  'throughput',
  'cpu.per_request',
  'cpu.machine_per_request',
];

/** Differences from the control, with their intervals. */
export function overhead({ run, analysis }: View): Section {
  const control = controls(run);
  const effects = analysis.effects.filter((effect) => control.has(effect.baseline));
  const base = { id: 'overhead', title: 'Overhead over no mesh' };
  if (control.size === 0) {
    return {
      ...base,
      body: html`<p>The scenario has no <code>direct</code> variant, so what the mesh adds to a bare request is not known.</p>`,
    };
  }
  const metrics = SHOWN.filter(
    (metric) =>
      // In an open loop every variant is offered the same rate, so that throughput says nothing.
      (metric !== 'throughput' || run.planned.model === 'closed') &&
      effects.some((effect) => effect.metric === metric && effect.difference !== null),
  );
  const candidates = [...new Set(effects.map((effect) => effect.candidate))];
  if (metrics.length === 0) {
    return { ...base, body: html`<p>No effect against <code>direct</code> could be computed.</p>` };
  }
  return {
    ...base,
    body: html`<p>What one request costs more through each data plane than straight to the service. Differences, because a ratio to almost nothing says little.</p>
${table({
  dense: true,
  caption: html`Difference from ${[...control].map((id) => name(id))} per request, with its interval`,
  columns: [
    { label: 'Variant', text: true },
    ...metrics.map((metric) => ({ label: `${METRICS[metric].label}` })),
  ],
  rows: candidates.map((candidate) => [
    name(candidate),
    ...metrics.map((metric) => {
      const effect = effects.find((other) => other.candidate === candidate && other.metric === metric);
      if (effect === undefined) return missing(null);
      return effect.difference === null && effect.ratio !== null
        ? changeCell(effect)
        : differenceCell(effect);
    }),
  ]),
})}
${published(effects)}`,
  };
}

/** What others found, and what here goes the other way. */
function published(effects: readonly Effect[]): Html | null {
  const claims = publishedBeside(effects);
  if (claims.length === 0) return null;
  const strange = [...new Set(claims.flatMap(({ otherWay }) => otherWay))];
  return html`${table({
    caption: 'What others measured of other meshes, machines and traffic, for the order of size',
    columns: [
      { label: 'Compared with', text: true },
      { label: 'They found', text: true },
      { label: 'Who', text: true },
      { label: 'Found here' },
    ],
    rows: claims.map(({ metric, words, source, found }) => [METRICS[metric].label, words, source, found]),
  })}
${
  strange.length === 0
    ? null
    : html`<p><b>The other way:</b> ${strange.map((id, index) => html`${index === 0 ? null : ', '}${name(id)}`)} cost less than no mesh at all. That has been reported before (CNCF’s blog, 23 August 2024) and may be true; look at the witnesses, at parity and at where everything ran before believing it.</p>`
}`;
}
