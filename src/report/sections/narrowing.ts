/** How the interval narrowed: what each look at a run that may end early could tell. */
import { METRICS } from '../../record/index.js';
import { count, coverage } from '../format.js';
import { html, name } from '../html.js';
import { findingText, type Narrowing, narrowingSeries, narrowingsOf } from '../narrowing.js';
import { chart, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

const DECISIONS = { worse: 'beyond the limit', within: 'within the limit', undecided: 'undecided' } as const;

/** Charts and a table; left out where the run could not end early. */
export function narrowing({ run }: View): Section {
  const base = { id: 'narrowing', title: 'How the interval narrowed' };
  const all = narrowingsOf(run);
  if (all.length === 0) return { ...base, body: null };
  const charts = narrowingSeries(run);
  return {
    ...base,
    body: html`<p>After each set of fresh processes, from the fourth on, the run was looked at, and it could end once every rule of the gate was decided. Looking often would find something in the end, so early looks were allowed little of the error: their intervals are wide. All intervals here hold together, at all looks, with ${coverage(run.planned.confidence)}. A difference is equivalent when its whole interval lies within ±${coverage(run.planned.margin)}.</p>
<div class="pair">${charts.map(({ chart: id, title }) => chart(id, `Chart of the change in ${title}, and its interval, after each set of fresh processes. The table below holds the numbers.`, 'whether the interval has closed on one side of the limit, and whether the estimate stays where it was as it narrows: one that drifts is no steady effect'))}</div>
${table({
  caption: 'What each look could tell',
  columns: [
    { label: 'Comparison', text: true },
    { label: 'sets of processes' },
    { label: 'change' },
    { label: 'interval' },
    { label: 'against the limit', text: true },
    { label: 'equivalent', text: true },
  ],
  rows: all.flatMap(rowsOf),
})}`,
  };
}

function rowsOf({ findings }: Narrowing) {
  return findings.map((finding) => {
    const text = findingText(finding);
    return [
      html`${METRICS[finding.metric].label}, ${name(finding.candidate)} against ${name(finding.baseline)}`,
      count(finding.replicas),
      text === null ? missing(null) : html`<b>${text.value}</b>`,
      text === null ? missing('too early') : text.range,
      DECISIONS[finding.decision],
      finding.equivalent ? 'yes' : 'not shown',
    ];
  });
}
