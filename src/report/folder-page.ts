/** The page of a folder of reports: every run in it, newest first, with what came out and the way to its report. */
import type { ImportedRecord, RunRecord } from '../record/index.js';
import { METRICS } from '../record/index.js';
import { count, timestamp } from './format.js';
import { type Html, html, NOTHING, name, shortened } from './html.js';
import type { ReportAssets } from './page.js';
import { pageMarkup } from './page-shell.js';
import { picks } from './picks.js';
import { missing, table } from './tables.js';
import type { Section } from './view.js';
import { analysisOf } from './view.js';
import { changeText, rangeText } from './words.js';

/** What one folder holds. */
export type FolderEntry = {
  /** Its name, relative to the page. */
  readonly folder: string;
  /** The file to open in it; null where its report was not written. */
  readonly page: string | null;
} & (
  | { readonly type: 'run'; readonly run: RunRecord }
  | { readonly type: 'imported'; readonly record: ImportedRecord }
  | { readonly type: 'unreadable'; readonly reason: string }
);

export interface FolderInput {
  readonly meshmarkVersion: string;
  /** The folder's own name. */
  readonly folder: string;
  readonly entries: readonly FolderEntry[];
}

/** Equal input gives equal text. */
export function renderFolderHtml(
  { meshmarkVersion, folder, entries }: FolderInput,
  assets: ReportAssets,
): string {
  const runs = entries
    .filter((entry) => entry.type === 'run')
    .sort((a, b) => b.run.createdAt.localeCompare(a.run.createdAt) || a.folder.localeCompare(b.folder));
  const imported = entries.filter((entry) => entry.type === 'imported');
  const unreadable = entries.filter((entry) => entry.type === 'unreadable');
  return pageMarkup({
    title: `Reports in ${folder}`,
    made: html`Made by meshmark ${meshmarkVersion} from the records in the folder.`,
    top: html`<header class="top" id="verdict">
<p class="kicker">meshmark · reports</p>
<h1>${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'} in ${name(folder)}</h1>
<p class="facts">Newest first. Each run stands for itself: two of them were not measured side by side.</p>
</header>`,
    sections: [runsSection(runs), importedSection(imported), unreadableSection(unreadable)],
    data: NOTHING,
    style: assets.style,
    script: null,
  });
}

type RunEntry = Extract<FolderEntry, { readonly type: 'run' }>;

function runsSection(entries: readonly RunEntry[]): Section {
  return {
    id: 'runs',
    title: 'Runs',
    body:
      entries.length === 0
        ? html`<p>There is no run here yet.</p>`
        : table({
            caption: 'Runs, with the best of each that was shown to be better than its baseline',
            columns: [
              { label: 'Run', text: true },
              { label: 'When', text: true },
              { label: 'Valid', text: true },
              { label: 'Gate', text: true },
              { label: 'What came out', text: true },
            ],
            rows: entries.map((entry) => [
              linked(entry, entry.run.scenario.name),
              timestamp(entry.run.createdAt),
              validity(entry.run),
              gate(entry.run),
              outcome(entry.run),
            ]),
          }),
  };
}

/** The way to the report, by the folder's name: a scenario is run many times. */
function linked({ folder, page }: FolderEntry, title: string): Html {
  const path = page === null ? null : `${encodeURIComponent(folder)}/${page}`;
  const words = name(title);
  return html`${path === null ? words : html`<a href="${path}">${words}</a>`} <small>${shortened(folder)}${page === null ? ': its report was not written; meshmark report writes it' : null}</small>`;
}

const VALIDITY = { valid: '✓', suspect: '?', invalid: '!' } as const;

function validity(run: RunRecord): Html {
  if (run.planned.stacks !== undefined) return html`a profile, which measures nothing`;
  if (run.state !== 'finished') return html`<b>${run.state}</b>`;
  const { status } = analysisOf(run).validity;
  return html`<span aria-hidden="true">${VALIDITY[status]}</span> ${status}`;
}

function gate(run: RunRecord): Html {
  const results = analysisOf(run).gate;
  if (results.length === 0) return html`none`;
  const of = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  if (of('fail') > 0) return html`<span aria-hidden="true">✗</span> <b>failed</b>`;
  return of('undecided') > 0
    ? html`<span aria-hidden="true">?</span> undecided`
    : html`<span aria-hidden="true">✓</span> passed`;
}

function outcome(run: RunRecord): Html {
  if (run.planned.steps !== undefined)
    return html`how ${count(run.variants.length)} variants answer to the rate`;
  const found = picks(run);
  if (found.length === 0) return missing(null);
  return html`<ul>${found.map(({ metric, baseline, best }) => {
    const known = best === null ? null : changeText(best);
    return best === null || known === null
      ? html`<li>${METRICS[metric].label}: nothing shown to be better than ${name(baseline)}</li>`
      : html`<li>${METRICS[metric].label}: ${name(best.candidate)} ${known.value} (${rangeText(known)}) against ${name(baseline)}</li>`;
  })}</ul>`;
}

function importedSection(entries: readonly Extract<FolderEntry, { readonly type: 'imported' }>[]): Section {
  return {
    id: 'imported',
    title: 'Imported from other tools',
    body:
      entries.length === 0
        ? null
        : html`<ul>${entries.map((entry) => html`<li>${linked(entry, [...new Set(entry.record.results.map(({ tool }) => tool))].join(', '))}</li>`)}</ul>`,
  };
}

function unreadableSection(
  entries: readonly Extract<FolderEntry, { readonly type: 'unreadable' }>[],
): Section {
  return {
    id: 'unreadable',
    title: 'What could not be read',
    body:
      entries.length === 0
        ? null
        : html`<ul>${entries.map(({ folder, reason }) => html`<li>${name(folder)}: ${shortened(reason, 300)}</li>`)}</ul>`,
  };
}
