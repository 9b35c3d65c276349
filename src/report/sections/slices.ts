/** Every slice in the order it was measured: drift, outliers, and what was left out. */
import type { SliceFigures, SliceState, VariantFigures } from '../figures.js';
import { count, quantity } from '../format.js';
import { type Html, html, name } from '../html.js';
import { chart, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** Slices told about one by one; the raw data has the rest. */
const MOST_LISTED = 100;

/** Strips of per-slice latency and CPU, and a table of their spread. */
export function sliceStrip({ figures, run }: View): Section {
  const unusual = figures
    .flatMap((own) => own.slices.filter((slice) => slice.state !== 'valid'))
    .sort((a, b) => a.slice.seq - b.slice.seq);
  const cpuTrack = run.planned.hasMicro ? 'micro' : 'long';
  return {
    id: 'slices',
    title: 'Slice by slice',
    body: html`<p>Variants take turns in random order, block by block, so that a noisy moment hits all of them. Each point is one slice, or the mean of neighbouring ones where there are too many to draw: a circle is valid, a triangle suspect, a cross failed or invalid and left out of the verdicts. No slice is left out for its value.</p>
${chart('slice-latency', 'Scatter chart of the median latency of every long slice over time. The table below holds the spread.', 'lanes that drift or jump together are the machine’s doing, and cancel out; one lane that drifts alone is the variant’s. Points at the upper edge lie beyond the scale.')}
${chart('slice-cpu', 'Scatter chart of CPU per request of every slice over time. The table below holds the spread.', 'the same for CPU: two clouds in one lane are sets of processes of which one was luckier than the other, and high single points are often collections.')}
${table({
  caption: `Slices by variant; medians of the slices’ own values, smallest and largest beside (CPU: ${cpuTrack} slices, without collections that ran after a slice)`,
  columns: [
    { label: 'Variant', text: true },
    { label: 'slices' },
    { label: 'suspect' },
    { label: 'failed or invalid' },
    { label: 'p50 of long slices' },
    { label: 'CPU per request' },
  ],
  rows: figures.map((own) => [
    name(own.id),
    count(own.slices.length),
    count(inState(own, ['suspect'])),
    count(inState(own, ['invalid', 'failed'])),
    spread(
      own.slices.map((slice) => (slice.slice.track === 'long' ? slice.p50Ms : null)),
      'ms',
    ),
    spread(
      own.slices.map((slice) => (slice.slice.track === cpuTrack ? slice.cpuMicrosPerRequest : null)),
      'µs',
    ),
  ]),
})}
${unusual.length === 0 ? html`<p>No slice was suspect, invalid or failed.</p>` : unusualList(unusual)}`,
  };
}

function inState(own: VariantFigures, states: readonly SliceState[]): number {
  return own.slices.filter((slice) => states.includes(slice.state)).length;
}

function spread(values: readonly (number | null)[], unit: 'ms' | 'µs'): Html {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [low, middle, high] = [known[0], known[Math.floor((known.length - 1) / 2)], known.at(-1)];
  if (low === undefined || middle === undefined || high === undefined) return missing(null);
  return html`<b>${quantity(middle, unit)}</b> <small>${quantity(low, unit)} to ${quantity(high, unit)}</small>`;
}

function unusualList(unusual: readonly SliceFigures[]): Html {
  const left = unusual.length - MOST_LISTED;
  return html`<details><summary>${count(unusual.length)} slices were not simply valid</summary>
${table({
  caption: 'Suspect slices count, with a warning; failed and invalid ones do not decide',
  columns: [
    { label: 'Slice' },
    { label: 'Variant', text: true },
    { label: 'Round' },
    { label: 'Track', text: true },
    { label: 'State', text: true },
    { label: 'Why', text: true },
  ],
  rows: unusual
    .slice(0, MOST_LISTED)
    .map(({ slice, state }) => [
      slice.seq,
      name(slice.variant),
      slice.round,
      slice.track,
      state,
      [...(slice.status.state === 'failed' ? [slice.status.reason] : []), ...slice.validity.reasons].join(
        '; ',
      ),
    ]),
})}
${left > 0 ? html`<p>${count(left)} more are in the raw data.</p>` : null}</details>`;
}
