/** What is shown of results that another tool measured: its figures, and beside them what they cannot be compared in. */
import { type ImportedLevel, type ImportedRecord, type ImportedResult, METRICS } from '../record/index.js';
import { count, elapsed, quantity, timestamp } from './format.js';
import { type Html, html, NOTHING, name } from './html.js';
import { escapeMarkdown, markdownTable } from './markdown.js';
import type { ReportAssets } from './page.js';
import { pageMarkup } from './page-shell.js';
import { missing, table } from './tables.js';
import type { Section } from './view.js';

const NO_VERDICT =
  'Imported: none of this was measured by meshmark, so that nothing here has an interval or a verdict.';

const MODELS = {
  open: 'open load',
  closed: 'closed loop',
  paced: 'closed loop with pauses',
} as const;

/** The report of an import as one HTML document without a script. Pure: equal input gives equal text. */
export function renderImportedHtml(record: ImportedRecord, assets: ReportAssets): string {
  return pageMarkup({
    title: `Imported: ${record.results.map(({ variant }) => variant).join(', ')}`,
    made: html`Made by meshmark ${record.meshmarkVersion} from imported results.`,
    top: html`<header class="top" id="verdict">
<p class="kicker">meshmark · imported from ${toolsOf(record)}</p>
<h1>${name(record.results.map(({ variant }) => variant).join(', '))}</h1>
<p class="facts">imported ${timestamp(record.importedAt)}</p>
<div class="badges"><div class="badge suspect"><b><span aria-hidden="true">?</span> Imported</b> <span>${NO_VERDICT}</span></div></div>
</header>`,
    sections: [figures(record), limits(record), origin(record)],
    data: NOTHING,
    style: assets.style,
    script: null,
  });
}

function toolsOf({ results }: ImportedRecord): string {
  return [...new Set(results.map(({ tool }) => tool))].join(', ');
}

function metricsOf({ results }: ImportedRecord) {
  return (results[0]?.levels ?? []).map(({ metric }) => metric);
}

function levelOf(result: ImportedResult, metric: ImportedLevel['metric']): ImportedLevel | undefined {
  return result.levels.find((level) => level.metric === metric);
}

function figures(record: ImportedRecord): Section {
  const metrics = metricsOf(record);
  return {
    id: 'figures',
    title: 'What the tools told',
    body: html`<p>A percentile is shown where at least ten samples lie above it. Where a tool only kept buckets, the true value lies between the edges beside it.</p>
${table({
  caption: 'Figures of each result, without intervals',
  columns: [
    { label: 'Result', text: true },
    { label: 'Tool', text: true },
    { label: 'Load', text: true },
    { label: 'Latency from', text: true },
    ...metrics.map((metric) => ({ label: METRICS[metric].label })),
    { label: 'requests' },
  ],
  rows: record.results.map((result) => [
    name(result.variant),
    result.tool,
    result.model === null ? missing(null) : MODELS[result.model],
    result.timedFrom === 'intended' ? 'when it was due' : 'when it was sent',
    ...metrics.map((metric) => levelCell(levelOf(result, metric))),
    count(result.requests),
  ]),
})}
${table({
  caption: 'Requests that failed, by the tools’ own causes',
  columns: [
    { label: 'Result', text: true },
    { label: 'Failed', text: true },
  ],
  rows: record.results.map((result) => [name(result.variant), errorWords(result)]),
})}`,
  };
}

function levelCell(level: ImportedLevel | undefined): Html {
  if (level === undefined) return missing(null);
  if (level.value === null) return missing(level.reason);
  const { unit } = METRICS[level.metric];
  const value = html`<b>${quantity(level.value, unit)}</b>`;
  return level.within === null
    ? value
    : html`${value} <small>between ${quantity(level.within.low, unit)} and ${quantity(level.within.high, unit)}</small>`;
}

function errorWords({ errors }: ImportedResult): string {
  const found = Object.entries(errors).map(([cause, times]) => `${cause}: ${count(times)}`);
  return found.length === 0 ? 'none that the tool told of' : found.join(', ');
}

function limits({ results }: ImportedRecord): Section {
  return {
    id: 'limits',
    title: 'What cannot be compared',
    body: html`${results.map(
      (result) =>
        html`<h3>${name(result.variant)} <small>by ${result.tool}</small></h3><ul>${result.limits.map((limit) => html`<li>${limit}</li>`)}</ul>`,
    )}`,
  };
}

function origin({ results, command }: ImportedRecord): Section {
  return {
    id: 'origin',
    title: 'Where it comes from',
    body: html`<pre class="command" tabindex="0"><code>${command.join(' ')}</code></pre>
${table({
  caption: 'Files as they were read',
  columns: [
    { label: 'Result', text: true },
    { label: 'File', text: true },
    { label: 'Target', text: true },
    { label: 'Started', text: true },
    { label: 'Took' },
    { label: 'Asked for' },
    { label: 'Connections' },
    { label: 'SHA-256', text: true },
  ],
  rows: results.map((result) => [
    name(result.variant),
    name(
      `${result.source.file} (${result.tool}${result.toolVersion === null ? '' : ` ${result.toolVersion}`})`,
    ),
    result.target === null ? missing(null) : name(result.target),
    result.startedAt === null ? missing(null) : timestamp(result.startedAt),
    result.seconds === null ? missing(null) : elapsed(result.seconds),
    result.offeredRatePerSecond === null
      ? missing(null)
      : quantity(result.offeredRatePerSecond, 'requests/s'),
    result.connections === null ? missing(null) : count(result.connections),
    html`<code>${result.source.sha256}</code>`,
  ]),
})}`,
  };
}

/** The same as a Markdown summary. */
export function renderImportedMarkdown(record: ImportedRecord): string {
  const metrics = metricsOf(record);
  const parts = [
    `## meshmark: imported from ${toolsOf(record)}`,
    `**${NO_VERDICT}**`,
    markdownTable(
      ['result', 'tool', ...metrics.map((metric) => METRICS[metric].label)],
      record.results.map((result) => [
        escapeMarkdown(result.variant),
        result.tool,
        ...metrics.map((metric) => markdownLevel(levelOf(result, metric))),
      ]),
    ),
    ...record.results.map(
      (result) =>
        `What ${escapeMarkdown(result.variant)} cannot be compared in:\n\n${result.limits.map((limit) => `- ${escapeMarkdown(limit)}`).join('\n')}`,
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function markdownLevel(level: ImportedLevel | undefined): string {
  if (level === undefined || level.value === null) return '—';
  const { unit } = METRICS[level.metric];
  const value = quantity(level.value, unit);
  return level.within === null
    ? value
    : `${value} (${quantity(level.within.low, unit)} to ${quantity(level.within.high, unit)})`;
}
