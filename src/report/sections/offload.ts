/** What a device for cryptography could save at most, from profiles of the data plane's CPU. */
import { CPU_CATEGORIES, type OffloadCeiling } from '../../record/index.js';
import { amdahlSpeedUp } from '../../stats/index.js';
import { count, fixed } from '../format.js';
import { type Html, html, name } from '../html.js';
import {
  BOUND_LABELS,
  CATEGORY_LABELS,
  ceilingSentence,
  ceilingsOf,
  clockSentence,
  shareText,
} from '../offload.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

const BOUNDS = ['privateKey', 'asymmetric', 'privateKeyAndSymmetric'] as const;

/** Bounds and shares; left out of records that have none. */
export function offload({ analysis }: View): Section {
  const ceilings = ceilingsOf(analysis);
  const base = { id: 'offload', title: 'What offloading could save at most' };
  if (ceilings.length === 0) return { ...base, body: null };
  const known = ceilings.filter(({ bounds }) => bounds !== null);
  return {
    ...base,
    body: html`<p>How much of each variant’s data-plane CPU goes into cryptography, by profiles that its processes took of themselves under the scenario’s load, outside everything that was measured. From that follows a bound: a device that did this work for nothing would save so much and no more (Amdahl’s law). A real one also costs the CPU something for each piece of work it is handed. No such device was measured here.</p>
<ul>${ceilings.map((ceiling) => html`<li>${name(ceiling.variant)}: ${ceilingSentence(ceiling)}${clockNote(ceiling)}</li>`)}</ul>
${known.length === 0 ? null : boundsTable(known)}
${known.length === 0 ? null : sharesTable(known)}
${known.length === 0 ? null : html`<details><summary>The functions with the most samples</summary>${known.map(topTable)}</details>`}`,
  };
}

function clockNote(ceiling: OffloadCeiling): Html | null {
  const sentence = clockSentence(ceiling);
  return sentence === null ? null : html` ${sentence}`;
}

function boundsTable(known: readonly OffloadCeiling[]): Html {
  return table({
    caption: 'CPU that perfect offload could save at most, with its interval',
    columns: [
      { label: 'Variant', text: true },
      ...BOUNDS.map((bound) => ({ label: `offloading ${BOUND_LABELS[bound]}` })),
      { label: 'traffic on the same CPU, by private keys alone' },
      { label: 'samples' },
    ],
    rows: known.map(({ variant, bounds, samples }) => [
      name(variant),
      ...BOUNDS.map((bound) => (bounds === null ? missing(null) : html`at most ${shareText(bounds[bound])}`)),
      bounds === null ? missing(null) : html`at most × ${fixed(amdahlSpeedUp(bounds.privateKey.value), 2)}`,
      count(samples),
    ]),
  });
}

function sharesTable(known: readonly OffloadCeiling[]): Html {
  return table({
    caption: 'Where the CPU goes, by kind of work, with its interval',
    columns: [
      { label: 'Variant', text: true },
      ...CPU_CATEGORIES.map((category) => ({ label: CATEGORY_LABELS[category] })),
    ],
    rows: known.map(({ variant, shares }) => [
      name(variant),
      ...CPU_CATEGORIES.map((category) =>
        shares === null ? missing(null) : html`${shareText(shares[category])}`,
      ),
    ]),
  });
}

function topTable({ variant, top }: OffloadCeiling): Html {
  return table({
    caption: html`Functions of ${name(variant)} by the samples taken in them`,
    columns: [
      { label: 'Work', text: true },
      { label: 'Function', text: true },
      { label: 'share of all samples' },
    ],
    rows: CPU_CATEGORIES.flatMap((category) =>
      top[category].map(({ function: called, share }) => [
        CATEGORY_LABELS[category],
        html`<code>${called}</code>`,
        shareText({ value: share, low: null, high: null }),
      ]),
    ),
  });
}
