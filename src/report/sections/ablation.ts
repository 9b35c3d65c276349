/** A variant with every option at once, taken apart: what each option does to it, and what it does alone. */
import { type Effect, METRICS } from '../../record/index.js';
import { ABLATION_CHARTS, type AblationTable, ablationTables } from '../ablation.js';
import { type Html, html, name } from '../html.js';
import { changeCell, chart, missing, table, verdictBadge } from '../tables.js';
import type { Section, View } from '../view.js';

/** Charts and tables; left out when the run takes no variant apart. */
export function ablation({ run }: View): Section {
  const base = { id: 'ablation', title: 'Ablation' };
  if (run.ablation === null || run.ablation === undefined) return { ...base, body: null };
  const tables = ablationTables(run);
  const { from, to } = run.ablation;
  if (tables.length === 0) {
    return { ...base, body: html`<p>No factor of ${name(to)} could be compared.</p>` };
  }
  return {
    ...base,
    body: html`<p>${name(to)} has every factor at once, ${name(from)} has none. Each factor is switched off from the one and on from the other. One that helps makes things worse when it is switched off and better when it is switched on; where the two are not mirror images, the factor overlaps with another, or needs one.</p>
<div class="pair">${tables.map(({ metric }) => chart(ABLATION_CHARTS[metric], `Chart of the change in ${METRICS[metric].label} by each factor, switched off and switched on, with intervals. The table below holds the numbers.`, 'a factor that matters lies away from the line in both its marks, on opposite sides. A mark that crosses the line shows nothing.'))}</div>
${tables.map((own) => factorTable(own, from, to))}`,
  };
}

function factorTable({ metric, rows }: AblationTable, from: string, to: string): Html {
  return table({
    caption: html`Change in ${METRICS[metric].label} by each factor, with its interval`,
    columns: [
      { label: 'Factor', text: true },
      { label: html`switched off from ${name(to)}`, text: true },
      { label: html`switched on from ${name(from)}`, text: true },
    ],
    rows: rows.map(({ factor, off, on }) => [name(factor), effectText(off), effectText(on)]),
  });
}

function effectText(effect: Effect | undefined): Html {
  if (effect === undefined) return missing('not compared');
  return html`${verdictBadge(effect)} ${changeCell(effect)}`;
}
