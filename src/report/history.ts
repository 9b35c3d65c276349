import { groupsOf, type Trend } from '../history/index.js';
import { count } from './format.js';
import { html, NOTHING } from './html.js';
import type { ReportAssets } from './page.js';
import { pageMarkup } from './page-shell.js';
import { groupSection } from './trend-groups.js';
import type { Section } from './view.js';

export interface HistoryInput {
  readonly meshmarkVersion: string;
  readonly trends: readonly Trend[];
  /** Lines of the file that could not be read. */
  readonly damaged: readonly { readonly line: number; readonly reason: string }[];
}

/** Beyond so many damaged lines another says nothing new. */
const DAMAGED_SHOWN = 20;

/** Equal input gives equal text. */
export function renderHistoryHtml(input: HistoryInput, assets: ReportAssets): string {
  const { trends, damaged } = input;
  const runs = new Set(trends.flatMap(({ lines }) => lines.map(({ runId }) => runId))).size;
  const changes = trends.reduce((sum, trend) => sum + trend.changes.length, 0);
  return pageMarkup({
    title: 'History',
    made: html`Made by meshmark ${input.meshmarkVersion} from the figures of ${count(runs)} runs.`,
    top: html`<header class="top" id="verdict">
<p class="kicker">meshmark · history</p>
<h1>${count(runs)} runs, ${count(changes)} ${changes === 1 ? 'change' : 'changes'}</h1>
<p class="facts">A change lies between two runs that were not measured side by side: it is description, and no verdict.</p>
</header>`,
    sections: [...groupsOf(trends).map(groupSection), damagedSection(damaged)],
    data: NOTHING,
    style: assets.style,
    script: null,
  });
}

function damagedSection(damaged: HistoryInput['damaged']): Section {
  return {
    id: 'damaged',
    title: 'Lines that could not be read',
    body:
      damaged.length === 0
        ? null
        : html`<p>${count(damaged.length)} of the file’s lines were left out.</p>
<ul>${damaged.slice(0, DAMAGED_SHOWN).map(({ line, reason }) => html`<li>line ${count(line)}: ${reason}</li>`)}</ul>`,
  };
}
