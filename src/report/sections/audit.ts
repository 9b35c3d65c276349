/** The harness's audit of itself: every reason to doubt the numbers above. */
import { quantileNs } from '../../record/index.js';
import { count, coverage, quantity, share, significant } from '../format.js';
import { type Html, html, name } from '../html.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** Validity, load as offered and achieved, errors by cause, the generator's own cost, and CPU outside slices. */
export function audit(view: View): Section {
  const { analysis, run, figures, windows, damaged } = view;
  const { status, reasons } = analysis.validity;
  const fraction = (of: Readonly<Record<string, number | null>>, id: string) => {
    const value = Object.hasOwn(of, id) ? of[id] : null;
    return value === null || value === undefined ? missing(null) : share(value);
  };
  return {
    id: 'validity',
    title: 'Validity and self-audit',
    body: html`<p>The run is <b>${status}</b>${reasons.length === 0 ? '.' : ':'}</p>
${reasons.length === 0 ? null : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${
  damaged.length === 0
    ? null
    : html`<p><b>${count(damaged.length)}</b> lines of the slice log could not be read: ${damaged
        .slice(0, 5)
        .map(({ line, reason }) => `line ${line}: ${reason}`)
        .join('; ')}.</p>`
}
${
  analysis.audit === undefined
    ? null
    : table({
        caption: 'What was checked',
        columns: [
          { label: 'Check', text: true },
          { label: 'Result', text: true },
          { label: 'What was found', text: true },
        ],
        rows: analysis.audit.map(({ check, state, details }) => [
          check,
          state === 'pass' ? 'passed' : html`<b>${state === 'fail' ? 'failed' : 'in doubt'}</b>`,
          details.join('; '),
        ]),
      })
}
${table({
  caption: 'The load: what was offered and what became of it',
  columns: [
    { label: 'Variant', text: true },
    { label: 'requests' },
    { label: 'offered' },
    { label: 'achieved' },
    { label: 'connect errors' },
    { label: 'resets' },
    { label: 'timeouts' },
    { label: 'bad status' },
    { label: 'protocol' },
    { label: 'found no free connection' },
  ],
  rows: figures.map((own) => [
    name(own.id),
    count(own.requests),
    own.offered === null ? missing('closed load') : quantity(own.offered.offered, 'requests/s'),
    own.offered === null ? missing(null) : quantity(own.offered.achieved, 'requests/s'),
    ...(['connect', 'reset', 'timeout', 'status', 'protocol'] as const).map((cause) =>
      own.errors[cause] === 0 ? '0' : html`<b>${count(own.errors[cause])}</b>`,
    ),
    count(own.connectionWaits),
  ]),
})}
${table({
  caption: 'The harness itself: what it cost, and what escaped the slices',
  columns: [
    { label: 'While measuring', text: true },
    { label: 'generator CPU per request' },
    { label: 'generator collections' },
    { label: 'generator’s core busy' },
    { label: 'send lag p99' },
    { label: 'stolen time' },
    { label: 'CPU outside slices' },
    { label: 'CPU spent on probes' },
  ],
  rows: figures.map((own, index) => {
    const window = windows[index];
    const busy = window?.generatorCoreBusy ?? null;
    const steal = window?.steal ?? null;
    return [
      name(own.id),
      own.generatorCpuMicrosPerRequest === null
        ? missing(null)
        : `${significant(own.generatorCpuMicrosPerRequest)}\u00a0µs`,
      own.generatorGcCycles === null ? missing('k6 does not tell') : count(own.generatorGcCycles),
      busy === null
        ? missing(null)
        : html`${share(busy)}${busy > 0.7 ? html` <small>above 70 %</small>` : null}`,
      own.sendLag.total === 0 ? missing(null) : quantity(quantileNs(own.sendLag, 0.99) / 1e6, 'ms'),
      steal === null ? missing(null) : share(steal),
      fraction(analysis.cpuOutsideSlices, own.id),
      fraction(analysis.probeShare, own.id),
    ];
  }),
})}
${eventLoopTable(view)}
<p>Intervals: ${coverage(run.planned.confidence)} coverage each, over ${count(run.planned.rounds)} rounds on ${count(run.planned.replicas)} sets of fresh processes, so that restart luck is in them. Gated effects share that error rate among them; all others are descriptive. Equal means within ±${coverage(run.planned.margin)}.</p>`,
  };
}

/** Nothing where no driver with an event loop measured. */
function eventLoopTable({ figures }: View): Html | null {
  const rows = figures.flatMap((own) =>
    own.eventLoops.map((loops) => [
      name(own.id),
      loops.track,
      count(loops.processes),
      share(loops.meanUtilisation),
      html`${share(loops.mostUtilisation)}${loops.mostUtilisation > 0.9 ? html` <small>above 90 %</small>` : null}`,
      loops.delayP99Ms === null ? missing(null) : quantity(loops.delayP99Ms, 'ms'),
      share(loops.gcShare),
    ]),
  );
  return rows.length === 0
    ? null
    : table({
        caption: 'Event loops of the generator’s processes: a full one measures itself',
        columns: [
          { label: 'While measuring', text: true },
          { label: 'Track', text: true },
          { label: 'processes' },
          { label: 'busy on average' },
          { label: 'busiest' },
          { label: 'late by, p99 of the worst slice' },
          { label: 'collecting' },
        ],
        rows,
      });
}
