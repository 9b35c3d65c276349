/** Other tracks' word on the same question, and whether it is the same word. */
import { type Analysis, METRICS } from '../../record/index.js';
import { type Html, html, name } from '../html.js';
import { changeCell, missing, table, verdictBadge } from '../tables.js';
import type { Section, View } from '../view.js';

/** Effects from tracks that do not decide, beside those that do. */
export function beside({ analysis }: View): Section {
  const base = { id: 'beside', title: 'A second look' };
  if (analysis.besideEffects.length === 0 && analysis.disagreements.length === 0) {
    return {
      ...base,
      body: html`<p>Each metric was measured in one way only; nothing stands beside the deciding figures.</p>`,
    };
  }
  return {
    ...base,
    body: html`<p>The same comparisons by another track or another driver. They never decide; where they contradict, something is wrong with one of them, and it is said here.</p>
${
  analysis.disagreements.length === 0
    ? html`<p><b>No disagreement</b> between what decides and what stands beside it.</p>`
    : html`<ul class="disagreements">${analysis.disagreements.map(
        (entry) =>
          html`<li><b>Disagreement</b> in ${METRICS[entry.metric].label}, ${name(entry.candidate)} against ${name(entry.baseline)}: ${entry.explanation}</li>`,
      )}</ul>`
}
${besideTable(analysis)}`,
  };
}

/** With more rows than this the table waits behind its summary; disagreements are said above it in any case. */
const FEW_ROWS = 16;

function besideTable({ effects, besideEffects }: Analysis): Html | null {
  if (besideEffects.length === 0) return null;
  const made = table({
    caption: 'Deciding effects and those beside them',
    columns: [
      { label: 'Comparison', text: true },
      { label: 'Metric', text: true },
      { label: 'Deciding' },
      { label: 'Beside' },
      { label: 'Tracks', text: true },
    ],
    rows: besideEffects.map((effect) => {
      const deciding = effects.find(
        (other) =>
          other.metric === effect.metric &&
          other.candidate === effect.candidate &&
          other.baseline === effect.baseline,
      );
      return [
        html`${name(effect.candidate)} against ${name(effect.baseline)}`,
        METRICS[effect.metric].label,
        deciding === undefined ? missing(null) : html`${verdictBadge(deciding)} ${changeCell(deciding)}`,
        html`${verdictBadge(effect)} ${changeCell(effect)}`,
        deciding === undefined ? effect.track : `${deciding.track}, beside it ${effect.track}`,
      ];
    }),
  });
  return besideEffects.length <= FEW_ROWS
    ? made
    : html`<details><summary>All ${besideEffects.length} comparisons by another track</summary>${made}</details>`;
}
