/** The latency distribution: percentile curves with the tail stretched out, and the table they come from. */
import { type Histogram, type MetricName, quantileNs, samplesAbove } from '../../record/index.js';
import { FEWEST_SAMPLES_ABOVE, levelOn } from '../charts.js';
import type { VariantFigures } from '../figures.js';
import { count, quantity } from '../format.js';
import { type Html, html, name } from '../html.js';
import { chart, levelCell, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

const PERCENTILES: readonly { readonly q: number; readonly label: string; readonly metric: MetricName }[] = [
  { q: 0.5, label: 'p50', metric: 'latency.p50' },
  { q: 0.9, label: 'p90', metric: 'latency.p90' },
  { q: 0.99, label: 'p99', metric: 'latency.p99' },
  { q: 0.999, label: 'p99.9', metric: 'latency.p99.9' },
];

const TOO_FEW = `not printed: fewer than ${FEWEST_SAMPLES_ABOVE} samples above`;

/** Percentiles from the intended send time, and from the real one where both are known. */
export function latency(view: View): Section {
  const measured = view.figures.filter((own) => own.latency.long.total > 0);
  const base = { id: 'latency', title: 'Latency' };
  if (measured.length === 0) {
    return { ...base, body: html`<p>No long slice was measured, and short slices do not judge latency.</p>` };
  }
  const sent = measured.filter((own) => own.sendLatency.total > 0);
  const open = view.run.planned.model === 'open';
  return {
    ...base,
    body: html`<p>${
      open
        ? 'Measured from the moment each request was due, so that a stall is paid for by every request it delayed. From the moment it was really sent stands beside it.'
        : 'Closed load: each connection sends its next request when the last was answered. A stall delays requests that are then never counted, so that these tails are kinder than users would see.'
    } Histograms of all long slices are merged; percentiles are never averaged.</p>
${chart('latency', 'Line chart of latency by percentile for each variant, tail stretched. The table below holds the same percentiles.', 'a curve that lies lower is faster, at that share of requests and no other: curves that cross help some requests and hurt others. A step up near the right end is rare and slow work, such as a collection or a new connection. The shaded band is the interval, computed at p50, p90, p99 and p99.9 and drawn between them; where bands overlap, the curves may be the same.')}
${table({
  caption: open
    ? 'Latency from the intended send time, with the interval of each percentile'
    : 'Latency, with the interval of each percentile',
  columns: [
    { label: 'Variant', text: true },
    ...PERCENTILES.map(({ label }) => ({ label })),
    { label: 'max' },
    { label: 'requests' },
  ],
  rows: measured.map((own) => [
    name(own.id),
    ...PERCENTILES.map(({ q, metric }) => percentileCell(view, own, q, metric)),
    quantity(quantileNs(own.latency.long, 1) / 1e6, 'ms'),
    count(own.latency.long.total),
  ]),
})}
${sent.length === 0 ? null : sendTimeTable(sent)}`,
  };
}

function percentileCell(view: View, own: VariantFigures, q: number, metric: MetricName): Html {
  if (samplesAbove(own.latency.long, q) < FEWEST_SAMPLES_ABOVE) return missing(TOO_FEW);
  const level = levelOn(view.run, own.id, metric, 'long');
  return level === undefined ? html`<b>${valueAt(own.latency.long, q)}</b>` : levelCell(level);
}

function sendTimeTable(sent: readonly VariantFigures[]): Html {
  return table({
    caption: 'The same from the real send time; a wide gap means that requests had to wait to be sent',
    columns: [
      { label: 'Variant', text: true },
      ...PERCENTILES.map(({ label }) => ({ label })),
      { label: 'max' },
    ],
    rows: sent.map((own) => [
      name(own.id),
      ...PERCENTILES.map(({ q }) =>
        samplesAbove(own.sendLatency, q) < FEWEST_SAMPLES_ABOVE
          ? missing(TOO_FEW)
          : valueAt(own.sendLatency, q),
      ),
      valueAt(own.sendLatency, 1),
    ]),
  });
}

function valueAt(histogram: Histogram, q: number): string {
  return quantity(quantileNs(histogram, q) / 1e6, 'ms');
}
