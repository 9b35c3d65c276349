/** TLS handshakes: how many a request pays for, of which kind, and what one costs. */
import { levelOf } from '../charts.js';
import { significant } from '../format.js';
import { html, name } from '../html.js';
import { levelCell, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** Left out where no variant made one. */
export function handshakes({ run, windows }: View): Section {
  const base = { id: 'handshakes', title: 'Handshakes' };
  if (windows.every((own) => own.handshakes === null)) return { ...base, body: null };
  return {
    ...base,
    body: html`<p>What the data plane’s connections cost before they carry anything. A full handshake signs and verifies certificates; a resumed one skips both. Kept connections need hardly any, so that the kind of key matters only where connections come and go.</p>
${table({
  caption:
    'TLS handshakes towards upstreams, per request, and the CPU of one where there is about one a request',
  columns: [
    { label: 'Variant', text: true },
    { label: 'all' },
    { label: 'full' },
    { label: 'resumed' },
    { label: 'with early data' },
    { label: 'CPU of one' },
  ],
  rows: windows.map(({ id, handshakes: made }) => [
    name(id),
    levelCell(levelOf(run, id, 'handshakes.per_request')),
    ...(made === null
      ? [missing('none was made'), missing(null), missing(null)]
      : [made.full, made.resumed, made.early].map((value) => significant(value))),
    levelCell(levelOf(run, id, 'cpu.per_handshake')),
  ]),
})}`,
  };
}
