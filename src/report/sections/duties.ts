/** What each variant does for a request beside passing it on, and over which path: what a fair comparison needs. */
import type { RunRecord, RunVariant } from '../../record/index.js';
import { askedDetails } from '../asked.js';
import { type Html, html, name } from '../html.js';
import { missing, table } from '../tables.js';
import { placeDetails } from '../topology.js';
import type { Section, View } from '../view.js';

/** What a sidecar with `duties: mesh` does for every request. */
const MESH_DUTIES = [
  'route match',
  'request id',
  'forwarding headers',
  'time limits',
  'retry budget',
  'latency by route',
  'trace headers',
] as const;

/** The matrix of duties, and the path; left out of records that hold neither. */
export function duties({ run }: View): Section {
  const base = { id: 'duties', title: 'Duties and path' };
  const known = run.variants.some((variant) => ['bare', 'mesh'].includes(dutiesOf(variant) ?? ''));
  const { topology } = run;
  const placed = topology !== null && topology !== undefined;
  const details = [...(placed ? placeDetails(topology, run.cluster) : []), ...askedDetails(run)];
  if (!known && details.length === 0) return { ...base, body: null };
  return {
    ...base,
    body: html`${details.length > 0 ? html`<dl>${details.map(([label, text]) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`)}</dl>` : null}
${known ? matrix(run) : null}`,
  };
}

function matrix(run: RunRecord): Html {
  return html`<p>A proxy that only copies bytes is cheap because it does less. Compare the costs of variants whose rows are alike; where they differ, the difference is part of what was measured.</p>
${table({
  caption: 'What each variant does for a request beside passing it on',
  columns: [
    { label: 'Variant', text: true },
    ...[...MESH_DUTIES, 'access log'].map((label) => ({ label, text: true })),
  ],
  rows: run.variants.map((variant) => [name(variant.id), ...dutyCells(variant)]),
})}`;
}

function dutyCells(variant: RunVariant): readonly Html[] {
  const own = dutiesOf(variant);
  if (own === null) return [...MESH_DUTIES, ''].map(() => missing('not known to meshmark'));
  const logs = variant.options.accessLog;
  const { dutiesLeftOut } = variant.options;
  const left = typeof dutiesLeftOut === 'string' ? dutiesLeftOut.split(', ') : [];
  return [
    ...MESH_DUTIES.map((duty) => done(own === 'mesh' && !left.includes(duty))),
    done(own === 'mesh' && logs === true),
  ];
}

/** What the options say, `none` where there is no proxy that could have duties, null where nobody can tell. */
function dutiesOf(variant: RunVariant): 'none' | 'bare' | 'mesh' | null {
  const { duties: own } = variant.options;
  if (own === 'bare' || own === 'mesh') return own;
  return variant.kind === 'direct' ? 'none' : null;
}

function done(yes: boolean): Html {
  return yes
    ? html`<span class="done"><span aria-hidden="true">✓</span> yes</span>`
    : html`<span class="undone"><span aria-hidden="true">–</span> no</span>`;
}
