/** Proof that each variant did what its name says, and that the rest was equal. */
import type { WitnessResult } from '../../record/index.js';
import { share } from '../format.js';
import { type Html, html, name } from '../html.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** The witness matrix and the parity check. */
export function witnesses({ run, analysis }: View): Section {
  const ids = run.variants.map(({ id }) => id);
  const read = new Map(
    ids.map((id) => [id, Object.hasOwn(analysis.witnesses, id) ? (analysis.witnesses[id] ?? []) : []]),
  );
  const names = [...new Set([...read.values()].flatMap((results) => results.map((result) => result.name)))];
  const rows = names.map((witness) => ({
    witness,
    results: ids.map((id) => read.get(id)?.find((result) => result.name === witness)),
  }));
  const telling = rows.filter(({ results }) =>
    results.some((result) => result !== undefined && (result.claimed || !result.agrees)),
  );
  const others = rows.filter((row) => !telling.includes(row));
  return {
    id: 'witnesses',
    title: 'Witnesses and parity',
    body: html`<p>A witness is a counter read from the mechanism itself, in every variant. Where the variant claims the mechanism it must be at least 99 %; where it does not, the mechanism must be idle, at most 0.1 %, unless it is one that others may use too. A name with @ is claimed of that proxy of the path alone.</p>
${rows.length === 0 ? html`<p>No witness was read.</p>` : null}
${telling.length === 0 ? null : matrix('Witnesses: share, whether it is claimed, and whether the two agree', ids, telling)}
${
  others.length === 0
    ? null
    : html`<details><summary>${others.length} witnesses that no variant claims, and that show nothing against any</summary>
${matrix('Witnesses that no variant claims', ids, others)}
</details>`
}
${parity(run)}`,
  };
}

interface WitnessRow {
  readonly witness: string;
  /** One for each variant; undefined where it was not read of that variant. */
  readonly results: readonly (WitnessResult | undefined)[];
}

/** A row a witness and a column a variant: there are more mechanisms than variants. */
function matrix(caption: string, variants: readonly string[], rows: readonly WitnessRow[]): Html {
  return table({
    caption,
    columns: [{ label: 'Witness', text: true }, ...variants.map((id) => ({ label: name(id), text: true }))],
    rows: rows.map(({ witness, results }) => [witness, ...results.map(witnessCell)]),
  });
}

function witnessCell(result: WitnessResult | undefined): Html {
  if (result === undefined) return missing('not claimed');
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
