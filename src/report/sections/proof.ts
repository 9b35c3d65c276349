/** Proof that each variant did what its name says, and that the rest was equal. */
import type { WitnessResult } from '../../record/index.js';
import { share } from '../format.js';
import { type Html, html, name } from '../html.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** The witness matrix and the parity check. */
export function witnesses({ run, analysis }: View): Section {
  const read = new Map(
    run.variants.map((variant) => [
      variant.id,
      Object.hasOwn(analysis.witnesses, variant.id) ? (analysis.witnesses[variant.id] ?? []) : [],
    ]),
  );
  const names = [...new Set([...read.values()].flatMap((results) => results.map((result) => result.name)))];
  return {
    id: 'witnesses',
    title: 'Witnesses and parity',
    body: html`<p>A witness is a counter read from the mechanism itself, in every variant: it must be at least 99 % where the variant claims the mechanism and at most 0.1 % where it does not.</p>
${
  names.length === 0
    ? html`<p>No witness was read.</p>`
    : table({
        caption: 'Witnesses: share, whether it is claimed, and whether the two agree',
        columns: [{ label: 'Variant', text: true }, ...names.map((label) => ({ label, text: true }))],
        rows: run.variants.map(({ id }) => [
          name(id),
          ...names.map((witness) => witnessCell(read.get(id)?.find((result) => result.name === witness))),
        ]),
      })
}
${parity(run)}`,
  };
}

function witnessCell(result: WitnessResult | undefined): Html {
  if (result === undefined) return missing('not read');
  const known = result.value !== null;
  const mark = known ? (result.agrees ? '✓' : '✗') : '?';
  const words = [
    result.claimed ? 'claimed' : 'not claimed',
    ...(known ? [result.agrees ? 'agrees' : 'does not agree'] : []),
  ];
  const behind = [result.detail, result.reason ?? ''].filter((text) => text !== '');
  return html`<span class="witness ${known && !result.agrees ? 'disagrees' : ''}"><span aria-hidden="true">${mark}</span> <b>${result.value === null ? 'not known' : share(result.value)}</b></span> <small>${words.join(', ')}</small> <small>${behind.join('; ')}</small>`;
}

function parity({ parity: findings, variants }: View['run']): Html {
  if (findings.length === 0) return html`<p>No parity check is in the record.</p>`;
  const different = findings.filter((finding) => !finding.equal).length;
  return html`<h3>Parity</h3>
<p>${
    different === 0
      ? html`Before any load, all variants answered alike in every property that was checked.`
      : html`Before any load, <b>${different} of ${findings.length}</b> properties differed between variants.`
  }</p>
${table({
  caption: 'What was compared before the load began',
  columns: [
    { label: 'Property', text: true },
    { label: 'Between variants', text: true },
    ...variants.map(({ id }) => ({ label: name(id), text: true })),
  ],
  rows: findings.map((finding) => [
    finding.property,
    finding.equal
      ? html`<span aria-hidden="true">✓</span> equal`
      : html`<b><span aria-hidden="true">≠</span> differs</b>`,
    ...variants.map(({ id }) =>
      Object.hasOwn(finding.byVariant, id)
        ? html`<span class="value">${finding.byVariant[id] ?? ''}</span>`
        : missing(null),
    ),
  ]),
})}`;
}
