/** Series of a history, of one scenario on one machine: where they changed, and a drawing of each. */
import { createHash } from 'node:crypto';
import { type Change, FEWEST_RUNS, type HistoryLine, type Trend } from '../history/index.js';
import { METRICS } from '../record/index.js';
import { count, fixed, quantity, timestamp } from './format.js';
import { type Html, html, name } from './html.js';
import { table } from './tables.js';
import { trendDrawing } from './trend-drawing.js';
import type { Section } from './view.js';

/** Series of one scenario on one machine: where they changed, and a drawing of each. */
export function groupSection(trends: readonly Trend[]): Section {
  const [first] = trends;
  const scenario = first?.scenario ?? { name: '', digest: '' };
  const id = createHash('sha256')
    .update(JSON.stringify([first?.machine, scenario.digest]))
    .digest('hex');
  const changed = trends.flatMap((trend) => trend.changes.map((change) => ({ trend, change })));
  return {
    id: `history-${id.slice(0, 10)}`,
    title: `${scenario.name}, machine ${first?.machine ?? ''}`,
    body: html`${changed.length === 0 ? html`<p>${silence(trends)}</p>` : changesTable(changed)}
<div class="trends">${trends.map(trendFigure)}</div>`,
  };
}

function silence(trends: readonly Trend[]): string {
  return trends.every(({ lines }) => lines.length < FEWEST_RUNS)
    ? `Whether a figure changed is told from ${FEWEST_RUNS} runs on.`
    : 'No figure changed by more than chance would have it.';
}

function changesTable(changed: readonly { readonly trend: Trend; readonly change: Change }[]): Html {
  return table({
    caption: 'Where a figure changed, between two runs',
    columns: [
      { label: 'Figure', text: true },
      { label: 'Change' },
      { label: 'Which is', text: true },
      { label: 'Last run before', text: true },
      { label: 'First run after', text: true },
      { label: 'p' },
    ],
    rows: changed.map(({ trend, change }) => [
      figureName(trend),
      sizeOf(trend, change),
      html`<span class="${change.direction}">${change.direction}</span>`,
      runCell(change.before),
      runCell(change.after),
      fixed(change.p, 3),
    ]),
  });
}

function figureName({ variant, baseline, metric }: Trend): Html {
  const against = baseline === null ? null : html` against ${name(baseline)}`;
  return html`${name(variant)}${against}: ${METRICS[metric].label}`;
}

function sizeOf({ metric }: Trend, { ratio, difference }: Change): string {
  const sign = difference > 0 ? '+' : '−';
  return ratio === null
    ? `${sign}${quantity(Math.abs(difference), METRICS[metric].unit)}`
    : `${ratio > 1 ? '+' : '−'}${fixed(Math.abs(ratio - 1) * 100, 1)}\u00a0%`;
}

function runCell({ runId, commit, time }: HistoryLine): Html {
  return html`${name(runId)}${commit === null ? null : html` <code>${commit.slice(0, 12)}</code>`} <small>${timestamp(time)}</small>`;
}

function trendFigure(trend: Trend): Html {
  const unit = METRICS[trend.metric].unit;
  const shown = ({ baseline }: Trend, value: number) =>
    baseline === null ? quantity(value, unit) : `× ${fixed(value, 3)}`;
  const latest = trend.lines.at(-1);
  return html`<figure class="trend"><figcaption>${figureName(trend)}${latest === undefined ? null : html` <b>${shown(trend, latest.value)}</b>`} <small>${count(trend.lines.length)} ${trend.lines.length === 1 ? 'run' : 'runs'}</small></figcaption>
${trendDrawing(trend, (value) => shown(trend, value))}
</figure>
`;
}
