/** What each variant of the run is: its options, what its mechanism does, and how to read its result. */
import { METRICS, type RunVariant } from '../../record/index.js';
import { type Html, html, name } from '../html.js';
import type { Section, View } from '../view.js';

/** One disclosure a variant, closed at first; what a record does not hold is left out. */
export function explanations({ run }: View): Section {
  const firstWith = new Map<string, string>();
  for (const { id, explanation } of run.variants) {
    if (typeof explanation === 'string' && !firstWith.has(explanation)) firstWith.set(explanation, id);
  }
  return {
    id: 'variants',
    title: 'What each variant is',
    body: html`<p>Each opens to what the variant is made of, what its mechanism costs and saves, how the witness proves that it was at work, and what to be careful about.</p>
${run.variants.map((variant) => explained(variant, firstWith))}`,
  };
}

/** `firstWith` is the variant that an explanation is printed at: those of one kind share theirs. */
function explained(variant: RunVariant, firstWith: ReadonlyMap<string, string>): Html {
  const { explanation, counterpart, expectations, caveat } = variant;
  const options = Object.entries(variant.options);
  return html`<details class="explanation"><summary>${name(variant.id)} <small>${variant.description}</small></summary>
${typeof caveat === 'string' ? html`<p class="notice"><b>Take care:</b> ${caveat}.</p>` : null}
<dl>
<div><dt>Kind</dt><dd><code>${variant.kind}</code></dd></div>
${typeof counterpart === 'string' ? html`<div><dt>Differs in its point alone from</dt><dd>${name(counterpart)}</dd></div>` : null}
<div><dt>Processes whose CPU counts</dt><dd>${variant.dataPlaneRoles.length === 0 ? 'none' : variant.dataPlaneRoles.join(', ')}</dd></div>
${variant.claims.length === 0 ? null : html`<div><dt>Witnesses it must show</dt><dd>${variant.claims.join(', ')}</dd></div>`}
</dl>
${options.length === 0 ? null : html`<p class="options">Options: ${options.map(([option, value], index) => html`${index === 0 ? null : ', '}<code>${option}: ${String(value)}</code>`)}</p>`}
${expectations === undefined || expectations.length === 0 ? null : expected(expectations)}
${typeof explanation === 'string' ? explanationOf(variant.id, explanation, firstWith) : null}
</details>
`;
}

function expected(expectations: NonNullable<RunVariant['expectations']>): Html {
  return html`<p>What is expected of it, and why:</p><ul>${expectations.map(
    ({ metric, against, direction, source }) =>
      html`<li>${METRICS[metric].label} ${direction} than ${name(against)}: <small>${source}</small></li>`,
  )}</ul>`;
}

function explanationOf(
  id: string,
  explanation: string,
  firstWith: ReadonlyMap<string, string>,
): Html | readonly Html[] {
  const first = firstWith.get(explanation) ?? id;
  return first === id
    ? paragraphs(explanation)
    : html`<p>It is of the same kind as ${name(first)}, which is explained above; its options are its own.</p>`;
}

/** Empty lines part paragraphs; nothing else in the text means anything. */
function paragraphs(text: string): readonly Html[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => html`<p>${paragraph}</p>\n`);
}
