/** The section of a profile's page on what clinic found, with links to clinic's own pages beside it. */
import type { ClinicRecord } from '../../record/index.js';
import { count, quantity, share } from '../format.js';
import { type Html, html, name } from '../html.js';
import { missing, table } from '../tables.js';
import type { Section } from '../view.js';
import { findingSentence, subjectOf, TOOL_TITLES } from './clinic-words.js';
import type { ProfileView } from './view.js';

/** A record may have been written by hand: what is linked is a page that clinic could have made. */
const OWN_PAGE = /^clinic\/[\w@,=-][\w.@,=-]*\/[a-z]+\.html$/;
const MOST_ROWS = 5;

/** Null where clinic was not asked. */
export function clinicSection({ run, clinic }: ProfileView): Section | null {
  const planned = run.planned.clinic;
  if (planned === undefined) return null;
  const subjects = [...new Set(clinic.map(subjectOf))];
  const versions = [...new Set(clinic.map(({ version }) => version))].join(', ');
  return {
    id: 'clinic',
    title: 'What clinic found',
    body: html`<p>Clinic ${versions} looked at the first sidecar of each variant’s path${planned.generatorProcesses === null ? null : ', and at the generator'}, each of its tools in a slice of its own and in fresh processes. All numbers here were taken under a profiler, which slows down what it looks at: they say where it goes, not how much it is, and none of them is a measurement.</p>
${planned.generatorProcesses !== null && planned.generatorProcesses > 1 ? html`<p>Of the ${count(planned.generatorProcesses)} processes of autocannon, one was looked at, with its share of the connections.</p>` : null}
${run.planned.model === 'open' ? html`<p>Doctor expects a process that has all the requests it can take: under an open load below its limit it is idle in between, which doctor may call waiting for input and output.</p>` : null}
${subjects.map((subject) => subjectTable(subject, clinic))}
${largestTables(clinic)}`,
  };
}

function subjectTable(subject: string, clinic: readonly ClinicRecord[]): Html {
  return table({
    caption: html`What clinic’s tools found in ${name(subject)}`,
    columns: [
      { label: 'Tool', text: true },
      { label: 'Finding', text: true },
      { label: 'Its own page', text: true },
      { label: 'requests meanwhile' },
    ],
    rows: clinic
      .filter((one) => subjectOf(one) === subject)
      .map((one) => [
        html`${TOOL_TITLES[one.tool]} <small>${quantity(one.seconds * 1000, 'ms')}</small>`,
        html`${findingSentence(one)}${one.fault === null ? null : html` <b>Not all of it worked here:</b> ${one.fault}`}`,
        link(one),
        count(one.requests),
      ]),
  });
}

function link({ page, tool }: ClinicRecord): Html {
  if (page === null || !OWN_PAGE.test(page)) return missing(null);
  return html`<a href="${page}">${tool}.html</a>`;
}

/** The parts that the sentences have no room for. */
function largestTables(clinic: readonly ClinicRecord[]): readonly Html[] {
  return clinic.flatMap((one) => {
    const { findings } = one;
    if (findings === null || findings.type !== 'shares' || findings.largest.length === 0) return [];
    const { unit, total, largest } = findings;
    return [
      table({
        caption: html`${TOOL_TITLES[one.tool]} of ${name(subjectOf(one))}: ${one.tool === 'bubbleprof' ? 'groups of operations that waited longest' : 'functions with the most'}, under the profiler`,
        columns: [
          { label: one.tool === 'bubbleprof' ? 'Group: kind of operation' : 'Function', text: true },
          { label: unit },
          { label: 'share' },
        ],
        rows: largest
          .slice(0, MOST_ROWS)
          .map(({ name: part, value }) => [
            name(part),
            unit === 'samples' ? count(value) : quantity(value, unit),
            share(value / total),
          ]),
      }),
    ];
  });
}
