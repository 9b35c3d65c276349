/** The page around a report: one file that needs nothing but itself, and cannot reach anything else. */
import { createHash } from 'node:crypto';
import { type Html, html, NOTHING, shortened } from './html.js';
import type { Section } from './view.js';

export interface PageParts {
  readonly title: string;
  /** Who made it and from what: one sentence. */
  readonly made: Html;
  /** What stands above the contents, in an element with the id `verdict`. */
  readonly top: Html;
  /** Those without a body are left out. */
  readonly sections: readonly Section[];
  /** Data for the script. */
  readonly data: Html;
  readonly style: string;
  /** Null for a page that has none. */
  readonly script: string | null;
}

/** The whole document. */
export function pageMarkup(parts: PageParts): string {
  const sections = parts.sections.filter((section) => section.body !== null);
  const script = parts.script === null ? null : inlineable(parts.script, 'script');
  const style = inlineable(parts.style, 'style');
  const policy = [
    "default-src 'none'",
    script === null ? "script-src 'none'" : `script-src '${sourceHash(script)}'`,
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
<title>${shortened(parts.title)} · meshmark</title>
<link rel="icon" href="data:,">
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<div class="page">
${parts.top}
<nav aria-label="Sections">${contents(sections)}</nav>
<main>
${sections.map(sectionMarkup)}
</main>
<footer><p>${parts.made} This file opens no connection.</p></footer>
</div>
${parts.data}
${script === null ? null : html`<script>${{ markup: script }}</script>`}
</body>
</html>
`;
  return page.markup;
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
