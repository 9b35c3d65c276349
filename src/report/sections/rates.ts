/** Sweeps and searches: how latency answers to the rate, where it breaks, and what the traffic costs there. */
import type { RateCurve, SloResult } from '../../record/index.js';
import { count, quantity, significant } from '../format.js';
import { type Html, html, name } from '../html.js';
import { OBJECTIVE_CHARTS } from '../objective-charts.js';
import { estimateText, kneeSentence, limitSentence, objectiveText, rateText } from '../rates.js';
import { chart, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** Left out of runs that measured no steps. */
export function rates({ run, analysis }: View): Section {
  const planned = run.planned.steps;
  const { curves = [], sloResults = [] } = analysis;
  const base = { id: 'rates', title: 'Throughput and latency' };
  if (planned === undefined || curves.length === 0) return { ...base, body: null };
  return {
    ...base,
    body: html`${planned.type === 'search' ? limits(sloResults, objectiveText(planned.objective)) : knees(curves)}
${chart('rates', 'Line chart of the 99th percentile of latency over the rate that was answered, one line for each variant. The table below holds the numbers.', 'a line that stays flat and far to the right carries more. The diamond marks its knee, the last rate before p99 or the answers gave way; beyond it latency says how long the queue is, not how fast the variant is.')}
${curveTable(curves)}`,
  };
}

function knees(curves: readonly RateCurve[]): Html {
  return html`<p>Each rate was offered to each variant for seconds at a time, in random order within a block, whether or not answers came; latency counts from when a request was due. A rate is called too much when fewer than 95 % of it were answered in the time, when more than 1 % failed, or when p99 is more than five times that of the lowest rate; the knee is the last rate before.</p>
<ul>${curves.map((curve) => html`<li>${name(curve.variant)}: ${kneeSentence(curve)}.</li>`)}</ul>`;
}

function limits(results: readonly SloResult[], objective: string): Html {
  return html`<p>The highest rate at which each variant keeps to the objective, ${objective}: each step lasted seconds at the rate that tells most after what was seen before. A step can break by chance near the limit, so that the limit has an interval. An overload smaller than the limit of the latency, divided by the length of a step, is not seen.</p>
<ul>${results.map((result) => html`<li>${name(result.variant)}: ${limitSentence(result)}.</li>`)}</ul>
<div class="pair">${chart(OBJECTIVE_CHARTS.limit, 'Chart of the highest rate at which each variant keeps to the objective, with its interval. The table below holds the numbers.', 'a dot further to the right carries more within the objective. Where two lines overlap, the search did not tell the two apart.')}
${chart(OBJECTIVE_CHARTS.cores, 'Chart of the cores that the data plane of each variant takes for 1,000 requests a second near its limit, with intervals. The table below holds the numbers.', 'a dot further to the left costs less for the same traffic. Multiplied by the rate to be carried it is how many cores to pay for.')}</div>
${table({
  caption: 'Highest rate that keeps to the objective, and what the data plane costs near it',
  columns: [
    { label: 'Variant', text: true },
    { label: 'holds up to' },
    { label: 'interval' },
    { label: 'steps' },
    { label: 'cores per 1,000 requests/s' },
    { label: 'memory per 1,000 requests/s, MB' },
  ],
  rows: results.map((result) => [
    name(result.variant),
    result.ratePerSecond === null ? missing(null) : html`<b>${rateText(result.ratePerSecond)}</b>`,
    `${result.low === null ? '?' : rateText(result.low)} to ${result.high === null ? '?' : rateText(result.high)}`,
    count(result.steps),
    result.coresPerThousand === null ? missing(null) : estimateText(result.coresPerThousand, 'count'),
    result.megabytesPerThousand === null ? missing(null) : estimateText(result.megabytesPerThousand, 'count'),
  ]),
})}`;
}

function curveTable(curves: readonly RateCurve[]): Html {
  return table({
    caption: 'Latency and CPU by rate, with intervals',
    columns: [
      { label: 'Variant', text: true },
      { label: 'offered' },
      { label: 'answered' },
      { label: 'failed' },
      { label: 'p50' },
      { label: 'p99' },
      { label: 'CPU per request' },
      { label: 'resident memory' },
      { label: 'steps' },
    ],
    rows: curves.flatMap(({ variant, points }) =>
      points.map((point) => [
        name(variant),
        rateText(point.offeredRatePerSecond),
        html`${rateText(point.achievedRatePerSecond)}${point.generatorLimited ? html` <small>the generator could not keep up</small>` : null}`,
        `${significant(point.errorShare * 100)} %`,
        point.p50Ms === null ? missing(null) : estimateText(point.p50Ms, 'ms'),
        point.p99Ms === null ? missing(null) : estimateText(point.p99Ms, 'ms'),
        point.cpuMicrosPerRequest === null ? missing(null) : estimateText(point.cpuMicrosPerRequest, 'µs'),
        point.residentBytes === null || point.residentBytes === 0
          ? missing(null)
          : quantity(point.residentBytes, 'bytes'),
        count(point.steps),
      ]),
    ),
  });
}
