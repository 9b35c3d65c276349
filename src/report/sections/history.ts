/** What became of this scenario's figures over the runs on this machine. */
import { linesOf } from '../../history/index.js';
import { html } from '../html.js';
import { groupSection } from '../trend-groups.js';
import type { Section, View } from '../view.js';

/** Left out without a history, and of a history that has no run of this scenario on this machine. */
export function history({ run, analysis, trends }: View): Section {
  const base = { id: 'history', title: 'History' };
  if (trends.length === 0) return { ...base, body: null };
  const [own] = linesOf(run, analysis, null);
  const shown = trends.filter(
    ({ machine, scenario }) => machine === own?.machine && scenario.digest === own.scenario.digest,
  );
  if (shown.length === 0) return { ...base, body: null };
  return {
    ...base,
    body: html`<p>The same scenario on the same machine, run by run. What changed between two of them was not measured side by side: it is description, and no verdict. An effect that moves says more than a level that does, since a slow month of the machine moves levels alone.</p>
${groupSection(shown).body}`,
  };
}
