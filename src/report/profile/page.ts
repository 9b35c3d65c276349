/** The page of a profile run: one HTML file with flame graphs, a table for each, and what they say in words. */
import { type Comparison, KIND_UNITS, type Moved } from '../../profile/index.js';
import type { StackKind } from '../../record/index.js';
import { count, quantity, share, timestamp } from '../format.js';
import { embeddedJson, type Html, html, name, shortened } from '../html.js';
import type { ReportAssets } from '../page.js';
import { pageMarkup } from '../page-shell.js';
import { machine, scenario } from '../sections/origin.js';
import { missing, table } from '../tables.js';
import { type Section, viewOf } from '../view.js';
import { clinicSection } from './clinic-section.js';
import { findingSentence, subjectOf, TOOL_TITLES } from './clinic-words.js';
import { flameCharts, KIND_TITLES } from './flame-data.js';
import { changeText, differenceText, kindSentences, valueText } from './sentences.js';
import { type KindView, type ProfileInput, type ProfileView, profileView } from './view.js';

/** Functions in a table; the chart has the others. */
const MOST_ROWS = 15;

const MEANINGS: Record<StackKind, string> = {
  cpu: 'CPU time of the sidecars, sampled 100 times for each second of it.',
  allocations:
    'Bytes that the sidecars allocated, sampled once for each 16 KiB on average. What is put back and used again is not allocated.',
  mutex:
    'How long goroutines waited for locks of others, by the stacks that let go of them. All waits are counted.',
  goroutines: 'How many goroutines there are and where they stand, on average of several looks.',
  'node-cpu':
    'Samples that V8 took once in each ms of the first sidecar of the path, without those in which it waited for events or loaded its program; a sample is taken for 1 ms of CPU. Taken under a profiler, which costs time itself: where it goes holds, how much it is does not.',
  'perf-cpu':
    'CPU time of the proxies’ processes, in their own code and in the kernel on their behalf, sampled 499 times for each second of it. Functions of the kernel are marked [kernel], those of a library with its file; a program without symbols is called by its file. Samples say where it goes, the scheduler’s own count says how much it is, which is more than the samples that Go takes of itself. What came due while the kernel held interrupts off is seen where it lets them on again, and counted for what called that, so that switching to a process looks dearer than it is. What the kernel does for a proxy on the time of another process, as a redirect between sockets by eBPF does, is not in it.',
  'node-heap':
    'Bytes of V8’s heap that the first sidecar of the path allocated while it was looked and that were still in use at the end, as V8 samples them. What was collected by then is not in it, nor are buffers, which lie outside of that heap.',
};

/** The whole page as one HTML document. Pure: equal input gives equal text. */
export function renderProfileHtml(input: ProfileInput, assets: ReportAssets): string {
  const view = profileView(input);
  const { run } = view;
  const origin = viewOf({ run, slices: [], windows: [] });
  return pageMarkup({
    title: `Profile: ${[view.before, view.after].filter((id) => id !== null).join(' and ')}`,
    made: html`Made by meshmark ${run.meshmarkVersion} from run <code>${shortened(run.runId)}</code>.`,
    top: top(view),
    sections: [
      ...[clinicSection(view)].filter((one) => one !== null),
      ...view.kinds.map((kind) => kindSection(view, kind)),
      method(view),
      machine(origin),
      scenario(origin),
    ],
    data: html`<script type="application/json" id="flame-data">${embeddedJson(flameCharts(view))}</script>`,
    style: assets.style,
    script: assets.script,
  });
}

function top(view: ProfileView): Html {
  const { run, before, after } = view;
  const { planned } = run;
  const facts = [
    shortened(run.scenario.name),
    `${count(planned.rounds)} ${planned.rounds === 1 ? 'round' : 'rounds'}, each in fresh processes`,
    planned.offeredRatePerSecond === null
      ? 'closed load'
      : `open load at ${count(planned.offeredRatePerSecond)} requests/s`,
    timestamp(run.createdAt),
  ];
  return html`<header class="top" id="verdict">
<p class="kicker">meshmark · where a data plane spends it</p>
<h1>${before === null ? name(after) : html`${name(before)} → ${name(after)}`}</h1>
<p class="facts">${facts.join(' · ')}</p>
${run.state === 'finished' ? null : html`<p class="notice"><b>This run did not come to its end; what it took until then is shown.</b> ${run.stateReason}</p>`}
<div class="badges"><p class="badge none"><b>Profiled, not measured</b> <span>Profiles say where it goes. What it costs, with an interval, is for <code>meshmark run</code> to say.</span></p></div>
<ul class="sentences">${view.kinds
    .filter(({ kind }) => kind !== 'mutex' && kind !== 'goroutines')
    .map(
      ({ kind, comparison, missing: why }) =>
        html`<li><span class="symbol" aria-hidden="true">${symbol(comparison)}</span>${comparison === null ? `${KIND_TITLES[kind]}: ${why}` : kindSentences(comparison).join(' ')}</li>`,
    )}${view.clinic
    .filter(({ tool }) => tool === 'doctor')
    .map(
      (one) =>
        html`<li><span class="symbol" aria-hidden="true">•</span>${TOOL_TITLES.doctor} of ${name(subjectOf(one))}: ${findingSentence(one) ?? one.fault}</li>`,
    )}</ul>
</header>`;
}

function symbol(comparison: Comparison | null): string {
  if (comparison === null) return '—';
  if (comparison.before === null) return '•';
  if (!comparison.total.beyondChance) return '≈';
  return comparison.total.difference < 0 ? '▼' : '▲';
}

function kindSection(view: ProfileView, { kind, comparison, missing: why, gaps }: KindView): Section {
  return {
    id: kind,
    title: KIND_TITLES[kind],
    body: html`${comparison === null ? html`<p class="notice">${why}</p>` : html`<p>${kindSentences(comparison).join(' ')}</p>`}
${gaps.map((gap) => html`<p class="notice">${gap}</p>`)}
<p><small>${MEANINGS[kind]}</small></p>
${comparison === null ? null : html`${flame(view, comparison)}${groupTable(comparison)}${functionTable(comparison)}`}`,
  };
}

/** A place that the script fills; without it the tables say the same. */
function flame({ before }: ProfileView, { kind }: Comparison): Html {
  const how =
    before === null
      ? 'Wider is more.'
      : 'A frame is as wide as the larger of its two values; blue with − is less than before, orange with + is more, grey is within chance.';
  return html`<figure class="chart flame-chart" data-flame="${kind}" hidden><figcaption>Callers are above what they call. ${how} Click a frame, or press Enter on it, to look at it alone; arrow keys go from frame to frame, Escape goes back to the whole. The tables below hold the largest.</figcaption></figure>`;
}

function perText(kind: StackKind): string {
  if (kind === 'node-heap') return '';
  return KIND_UNITS[kind].perRequest ? ' per request' : ' on average';
}

function columnsOf({ before, after }: Comparison) {
  return before === null
    ? [{ label: name(after.variant) }, { label: 'share' }]
    : [{ label: name(before.variant) }, { label: name(after.variant) }, { label: 'change' }];
}

function cellsOf({ kind, total }: Comparison, moved: Moved) {
  if (moved.before === null) {
    return [
      html`<b>${valueText(kind, moved.after)}</b> <small>± ${valueText(kind, moved.standardError)}</small>`,
      total.after === 0 ? missing(null) : share(moved.after / total.after),
    ];
  }
  return [valueText(kind, moved.before), valueText(kind, moved.after), changeCell(kind, moved)];
}

function changeCell(kind: StackKind, moved: Moved): Html {
  const ratio = changeText(moved);
  const words = moved.beyondChance ? (ratio ?? 'new') : 'within chance';
  const text = differenceText(kind, moved.difference);
  return html`${moved.beyondChance ? html`<b>${text}</b>` : text} <small>± ${valueText(kind, moved.standardError)}; ${words}</small>`;
}

function groupTable(comparison: Comparison): Html {
  const { kind, groups, total } = comparison;
  return table({
    caption: `${KIND_TITLES[kind]}${perText(kind)}, by kind of work; ± is the standard error that sampling leaves`,
    columns: [{ label: 'Kind of work', text: true }, ...columnsOf(comparison)],
    rows: [
      ...groups.map((one) => [one.group, ...cellsOf(comparison, one)]),
      [html`<b>in all</b>`, ...cellsOf(comparison, total)],
    ],
  });
}

function functionTable(comparison: Comparison): Html {
  const { kind, functions, before } = comparison;
  const order = before === null ? 'those with the most' : 'those that moved most';
  const left = functions.length - MOST_ROWS;
  return table({
    caption: `${KIND_TITLES[kind]}${perText(kind)}, by function, ${withWhat(kind)}: ${order}${left > 0 ? `; ${count(left)} more are left out` : ''}`,
    columns: [
      { label: 'Function', text: true },
      { label: 'Kind of work', text: true },
      ...columnsOf(comparison),
      { label: 'with all that it calls' },
    ],
    rows: functions
      .slice(0, MOST_ROWS)
      .map((one) => [
        name(one.function),
        one.group,
        ...cellsOf(comparison, one),
        one.withCallees.before === null
          ? valueText(kind, one.withCallees.after)
          : html`${valueText(kind, one.withCallees.after)} <small>${valueText(kind, one.withCallees.before)} before</small>`,
      ]),
  });
}

/** What a row of the table of functions holds beside the function's own. */
function withWhat(kind: StackKind): string {
  if (kind === 'perf-cpu') return 'without what it calls';
  return `with what ${kind.startsWith('node-') ? 'native code' : 'the Go runtime'} does for it`;
}

/** Who looked. */
function takers({ run }: ProfileView): string {
  if (run.planned.clinic?.variants.length) return 'by clinic';
  const kinds = (run.planned.stacks?.looks ?? []).map(({ kind }) => kind);
  const byPerf = kinds.filter((kind) => kind === 'perf-cpu').length;
  if (byPerf === 0) return 'by the sidecars themselves';
  return byPerf === kinds.length
    ? 'by perf, from the kernel'
    : 'by the sidecars themselves, and one by perf from the kernel';
}

function method(view: ProfileView): Section {
  const { run, kinds } = view;
  const profiles = kinds.flatMap(({ comparison }) =>
    comparison === null ? [] : [comparison.before, comparison.after].filter((one) => one !== null),
  );
  const lengths = (run.planned.stacks?.looks ?? [])
    .map(({ kind, seconds }) => `${KIND_TITLES[kind]} for ${quantity(seconds * 1000, 'ms')}`)
    .join(', ');
  return {
    id: 'method',
    title: 'How it was taken',
    body: html`<p>Every profile was taken ${takers(view)}, in slices of their own under the scenario’s load, which loadgen sent: in each round and of each variant ${lengths}. Nothing of these slices is measured: a profile costs what it looks at. Variants were looked at one after another in each round, with the same arrivals.</p>
<p>Values are divided by the requests that were answered meanwhile. A difference is called more than chance where it is over 3.3 standard errors of the samples; what differs from one start of a process to the next is not in that error, so that small differences want more rounds.</p>
${
  profiles.length === 0
    ? null
    : table({
        caption: 'What each profile is made from',
        columns: [
          { label: 'Profile', text: true },
          { label: 'Variant', text: true },
          { label: 'looks' },
          { label: 'unanswered' },
          { label: 'requests meanwhile' },
          { label: 'samples' },
          { label: 'different stacks' },
        ],
        rows: profiles.map((one) => [
          KIND_TITLES[one.kind],
          name(one.variant),
          count(one.looks),
          count(one.unanswered),
          count(one.requests),
          count(one.samples),
          count(one.stacks.length),
        ]),
      })
}
${run.variants
  .filter(({ reason }) => reason !== null)
  .map(({ id, reason }) => html`<p class="notice">${name(id)}: ${reason}</p>`)}`,
  };
}
