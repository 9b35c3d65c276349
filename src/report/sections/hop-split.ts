/** Where a request's time goes on its way: in each sidecar, between them, and in the service. */
import type { HopSplit } from '../../record/index.js';
import { count, quantity, quantityInterval } from '../format.js';
import { partNames, timedSplits } from '../hops.js';
import { type Html, html, name } from '../html.js';
import { chart, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';
import { rangeText } from '../words.js';

type Part = HopSplit['parts'][number];

/** The split as a chart and a table; left out of records whose servers did not time their hops. */
export function hopSplit({ run }: View): Section {
  const splits = timedSplits(run);
  const names = partNames(splits);
  return {
    id: 'hops',
    title: 'Where the time goes',
    body:
      splits.length === 0
        ? null
        : html`<p>Each server adds up, by its own clock, how long it had a request, from its head to the last byte of its answer, and how long it waited for the next one. What a sidecar waited longer than the next server worked was spent between them: on the wire, in the kernels’ sockets, and until a core was free to be woken on, which on busy cores is most of it. The way from the client is what the client waited longer than all that follows. A server on net/http can look at its clock only in its handler, so that reading a head and the last flush count as way there, and as the sidecar’s own time in the lean ones: compare the whole between those, and the parts within. Means, because only means add up; the tails are in the section on latency.</p>
${splits.some(({ parts }) => parts.some(({ meanMicros }) => meanMicros < 0)) ? html`<p>A part below zero is one that is smaller than its own error: the clocks on its two sides did not time quite the same requests. The chart leaves it out.</p>` : null}
${chart('hop-split', 'Stacked bar chart of the mean time of a request in each part of its path. The table below holds the numbers.', 'the part whose length differs between variants is where their means differ. What lies between servers is hatched; when it is the longest, requests wait for a core more than they are worked on.')}
${table({
  caption: 'Mean time of a request in each part of its path, with its interval',
  columns: [
    { label: 'Variant', text: true },
    ...names.map((label) => ({ label })),
    { label: 'all of it' },
    { label: 'requests' },
  ],
  rows: splits.map((split) => [
    name(split.variant),
    ...names.map((part) => partCell(split.parts.find((own) => own.name === part))),
    html`<b>${quantity(
      split.parts.reduce((sum, part) => sum + part.meanMicros, 0),
      'µs',
    )}</b>`,
    count(split.requests),
  ]),
})}`,
  };
}

function partCell(part: Part | undefined): Html {
  if (part === undefined) return missing('not in its path');
  const { meanMicros, low, high } = part;
  if (low === null || high === null) return html`<b>${quantity(meanMicros, 'µs')}</b>`;
  const text = quantityInterval(meanMicros, low, high, 'µs');
  return html`<b>${text.value}</b> <small>${rangeText(text)}</small>`;
}
