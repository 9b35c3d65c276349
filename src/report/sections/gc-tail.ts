/** Whether the slowest requests met the collector's pauses more often than chance would have it. */
import type { GcTail } from '../../record/index.js';
import { count } from '../format.js';
import { gcTailSentence, pointsOf, shareOf } from '../gc-tail.js';
import { html, name } from '../html.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** Left out of records without the tails of slices. */
export function gcTail({ analysis }: View): Section {
  const tails = analysis.gcTail ?? [];
  const base = { id: 'gc-tail', title: 'The tail and the collector' };
  if (tails.length === 0) return { ...base, body: null };
  return {
    ...base,
    body: html`<p>The slowest 1 % of each long slice’s requests, laid beside the pauses in which a proxy’s runtime stopped the world: how many of them overlap one, and how many would if requests as long fell anywhere in their slice. A share above chance says that pauses come with slow requests, not how much of their latency they are; what the collector takes without stopping the world is not in it.</p>
<ul>${tails.map((tail) => html`<li>${name(tail.variant)}: ${gcTailSentence(tail)}.</li>`)}</ul>
${table({
  caption: 'Slowest 1 % of requests that overlap a pause, against chance',
  columns: [
    { label: 'Variant', text: true },
    { label: 'slow requests' },
    { label: 'pauses' },
    { label: 'overlap one' },
    { label: 'by chance' },
    { label: 'more than chance' },
  ],
  rows: tails.map((tail) => [
    name(tail.variant),
    count(tail.slowRequests),
    count(tail.pauses),
    tail.share === null ? missing(tail.reason) : shareOf(tail.share),
    tail.chance === null ? missing(null) : shareOf(tail.chance),
    excessCell(tail),
  ]),
})}`,
  };
}

function excessCell({ excess, low, high }: GcTail) {
  if (excess === null) return missing(null);
  const range =
    low === null || high === null ? null : html` <small>${pointsOf(low)} to ${pointsOf(high)}</small>`;
  return html`<b>${pointsOf(excess)}</b>${range}`;
}
