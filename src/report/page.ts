/** The HTML report: one file that needs nothing but itself, and cannot reach anything else. */
import { createHash } from 'node:crypto';
import { chartData } from './charts.js';
import { embeddedJson, type Html, html, NOTHING, shortened } from './html.js';
import { packRawData } from './raw-data.js';
import { ablation } from './sections/ablation.js';
import { audit } from './sections/audit.js';
import { beside } from './sections/beside.js';
import { cpu, garbage, switches } from './sections/costs.js';
import { duties } from './sections/duties.js';
import { explanations } from './sections/explanations.js';
import { headline } from './sections/headline.js';
import { hopSplit } from './sections/hop-split.js';
import { latency } from './sections/latency.js';
import { machine, rawData, scenario } from './sections/origin.js';
import { overhead } from './sections/overhead.js';
import { witnesses } from './sections/proof.js';
import { sliceStrip } from './sections/slices.js';
import { surprises } from './sections/surprises.js';
import { type ReportInput, type Section, type View, viewOf } from './view.js';

export interface ReportAssets {
  /** The bundled script; runs without modules, imports or network. */
  readonly script: string;
  readonly style: string;
}

/**
 * The whole report as one HTML document. Pure: equal input gives equal text. Everything essential is in the
 * markup, the script only draws charts beside the tables. Throws RangeError when a histogram of the record
 * cannot be decoded.
 */
export function renderHtml(input: ReportInput, assets: ReportAssets): string {
  const view = viewOf(input);
  const raw = packRawData(view.run, view.figures);
  const sections = [...sectionsOf(view), rawData(raw)].filter((section) => section.body !== null);
  const script = inlineable(assets.script, 'script');
  const style = inlineable(assets.style, 'style');
  const policy = [
    "default-src 'none'",
    `script-src '${sourceHash(script)}'`,
    `style-src '${sourceHash(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${{ markup: policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${shortened(view.run.scenario.name)} · meshmark</title>
<link rel="icon" href="data:,">
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<div class="page">
${headline(view)}
<nav aria-label="Sections">${contents(sections)}</nav>
<main>
${sections.map(sectionMarkup)}
</main>
<footer><p>Made by meshmark ${view.run.meshmarkVersion} from run <code>${shortened(view.run.runId)}</code>. This file opens no connection.</p></footer>
</div>
<script type="application/json" id="chart-data">${embeddedJson(chartData(view.run, view.figures, view.windows))}</script>
<script type="application/json" id="raw-data">${embeddedJson({ name: `${fileStem(view.run.runId)}.json`, sha256: raw.sha256, gzipBase64: raw.base64 })}</script>
<script>${{ markup: script }}</script>
</body>
</html>
`;
  return page.markup;
}

function sectionsOf(view: View): readonly Section[] {
  return [
    surprises(view),
    overhead(view),
    ablation(view),
    latency(view),
    hopSplit(view),
    sliceStrip(view),
    cpu(view),
    switches(view),
    garbage(view),
    beside(view),
    explanations(view),
    duties(view),
    witnesses(view),
    audit(view),
    machine(view),
    scenario(view),
  ];
}

function contents(sections: readonly Section[]): Html {
  return html`<ul>${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}</ul>`;
}

function sectionMarkup({ id, title, body }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body ?? NOTHING}
</section>
`;
}

/** Text that can stand inside the element: it must not end it, and its hash is taken after line ends are normal. */
function inlineable(text: string, element: 'script' | 'style'): string {
  return text.replace(/\r\n?/g, '\n').replace(new RegExp(`</(?=${element})`, 'gi'), '<\\/');
}

/** CSP hash source of an inline element's text; CSP Level 3, section 6.7.2.3. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}

function fileStem(runId: string): string {
  const safe = runId.replace(/[^\w.-]+/g, '-').slice(0, 80);
  return safe === '' ? 'meshmark-run' : `meshmark-${safe}`;
}
