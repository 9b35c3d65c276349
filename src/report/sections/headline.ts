/** The first screen: what was asked, what came out, and whether to believe it. */
import { type Effect, METRICS, type MetricName, type RunRecord } from '../../record/index.js';
import { askedFacts } from '../asked.js';
import { levelOf } from '../charts.js';
import { confirmationSentence, endingSentence } from '../ending.js';
import { count, coverage, elapsed, timestamp } from '../format.js';
import { type Html, html, name } from '../html.js';
import { noPickSentence, pickLimits, picks, pickTitle } from '../picks.js';
import {
  type Comparison,
  comparisonTables,
  headlineComparisons,
  headlineMetrics,
  leadingEffects,
} from '../selection.js';
import { effectCell, levelCell, reachOf } from '../tables.js';
import { placeFacts } from '../topology.js';
import type { View } from '../view.js';
import { controls, effectSentence, intervalCoverage, verdictWord } from '../words.js';

/** Header of the page and the verdict table. */
export function headline(view: View): Html {
  const { run, analysis } = view;
  const comparisons = headlineComparisons(run);
  const tables = comparisonTables(run);
  return html`<header class="top" id="verdict">
<p class="kicker">meshmark · what a data plane costs</p>
<h1>${name(run.scenario.name)}</h1>
<p class="facts">${facts(view)}</p>
${unfinished(run)}
${endingNote(run)}
<div class="badges">${validityBadge(view)}${gateBadge(view)}</div>
${pickList(view)}
${sentences(view)}
${tables.byBaseline.map((comparison) => verdictTable(run, comparison))}
${tallies(view)}
${pairTable(run, tables.pairs)}
${wideNote(
  analysis.effects.filter((effect) => headlineMetrics(run).includes(effect.metric)),
  comparisons,
)}
${variantsWithoutNumbers(run)}
${caveats(run)}
${gateList(view)}
</header>`;
}

function facts(view: View): Html {
  const { run, figures } = view;
  const requests = figures.reduce((sum, own) => sum + own.requests, 0);
  const blocks = new Set(view.slices.map((slice) => slice.block)).size;
  const seconds =
    run.finishedAt === null ? null : (Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000;
  const parts = [
    `${count(run.variants.length)} variants`,
    ...(run.planned.steps === undefined
      ? [`${count(requests)} requests in ${count(blocks)} blocks`]
      : [`${count(stepCount(view))} steps at rates of their own`]),
    ...(seconds === null || Number.isNaN(seconds) ? [] : [elapsed(seconds)]),
    ...placeFacts(run),
    ...askedFacts(run),
    run.planned.model === 'open'
      ? `open load${run.planned.offeredRatePerSecond === null ? '' : ` at ${count(run.planned.offeredRatePerSecond)} requests/s`}`
      : 'closed load',
    `${coverage(run.planned.confidence)} intervals`,
    timestamp(run.createdAt),
  ];
  return html`${parts.map((part, index) => html`${index === 0 ? null : html`<span class="dot" aria-hidden="true"> · </span>`}<span class="fact">${part}</span>`)}`;
}

function stepCount({ analysis }: View): number {
  const points = (analysis.curves ?? []).flatMap(({ points }) => points);
  return points.reduce((sum, { steps }) => sum + steps, 0);
}

function unfinished(run: RunRecord): Html | null {
  if (run.state === 'finished') return null;
  const words = {
    running: 'This run was still going, or its harness was killed, when the report was made.',
    interrupted: 'This run was interrupted; what was measured until then is kept.',
    failed: 'This run failed; what was measured until then is kept.',
  }[run.state];
  return html`<p class="notice"><b>${words}</b> ${run.stateReason}</p>`;
}

function endingNote(run: RunRecord): Html | null {
  const sentences = [endingSentence(run), confirmationSentence(run)].filter((one) => one !== null);
  return sentences.length === 0 ? null : html`<p class="notice">${sentences.join(' ')}</p>`;
}

const VALIDITY = {
  valid: { symbol: '✓', text: 'Valid run' },
  suspect: { symbol: '?', text: 'Suspect run' },
  invalid: { symbol: '!', text: 'Invalid run' },
} as const;

/** Reasons on the first screen; the section on validity has all of them. */
const MOST_REASONS = 3;

function validityBadge({ analysis }: View): Html {
  const { status, reasons } = analysis.validity;
  const { symbol, text } = VALIDITY[status];
  if (reasons.length === 0) {
    return html`<p class="badge ${status}"><b><span aria-hidden="true">${symbol}</span> ${text}</b> <span>nothing found that speaks against the numbers</span></p>`;
  }
  const left = reasons.length - MOST_REASONS;
  return html`<div class="badge ${status}"><b><span aria-hidden="true">${symbol}</span> ${text}</b><ul>${reasons.slice(0, MOST_REASONS).map((reason) => html`<li>${reason}</li>`)}${left > 0 ? html`<li><a href="#validity">${left} more</a></li>` : null}</ul></div>`;
}

function gateBadge({ analysis, run }: View): Html {
  if (run.planned.gate.length === 0) {
    return html`<p class="badge none"><b>No gate</b> <span>the scenario sets no limits</span></p>`;
  }
  const of = (outcome: string) => analysis.gate.filter((result) => result.outcome === outcome).length;
  const [failed, undecided, passed] = [of('fail'), of('undecided'), of('pass')];
  const parts = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(undecided > 0 ? [`${undecided} undecided`] : []),
    ...(passed > 0 ? [`${passed} passed`] : []),
  ].join(', ');
  const [status, symbol, text] =
    failed > 0
      ? ['invalid', '✗', 'Gate failed']
      : undecided > 0 || passed === 0
        ? ['suspect', '?', 'Gate undecided']
        : ['valid', '✓', 'Gate passed'];
  return html`<p class="badge ${status}"><b><span aria-hidden="true">${symbol}</span> ${text}</b> <a href="#gate">${parts === '' ? 'no result' : parts}</a></p>`;
}

/** With more cells than this the table says it better. */
const MOST_PICKS = 6;

/** Which variant to switch on for what. */
function pickList({ run, analysis }: View): Html | null {
  const found = picks(run);
  if (found.length === 0 || found.length > MOST_PICKS) return null;
  const severalBaselines = new Set(found.map(({ baseline }) => baseline)).size > 1;
  return html`<dl class="picks">${found.map((pick) => {
    const { best } = pick;
    const against = severalBaselines ? html` <small>against ${name(pick.baseline)}</small>` : null;
    const answer =
      best === null
        ? html`<span class="symbol" aria-hidden="true">?</span>${noPickSentence(pick, run)}.`
        : html`<span class="symbol" aria-hidden="true">✓</span>${effectSentence(best, intervalCoverage(best, run.planned), run.planned.margin)}.${pickLimits(pick).map((sentence) => html` <small>${sentence}</small>`)}`;
    return html`<div class="${best === null ? 'inconclusive' : 'better'}"><dt>${pickTitle(pick)}${against}</dt><dd>${answer}</dd></div>`;
  })}</dl>
${analysis.validity.status === 'valid' ? null : html`<p class="note">The run is ${analysis.validity.status}, for the reasons above: settle them before anything is switched on for what is said here.</p>`}`;
}

function sentences({ run, analysis }: View): Html | null {
  const said: readonly (Effect | null)[] = picks(run).flatMap(({ best, closest }) => [best, closest]);
  const leading = leadingEffects(run, analysis.effects).filter((effect) => !said.includes(effect));
  if (leading.length === 0) return null;
  return html`<ul class="sentences">${leading.map((effect) => {
    const text = effectSentence(effect, intervalCoverage(effect, run.planned), run.planned.margin);
    return html`<li class="${effect.verdict}"><span class="symbol" aria-hidden="true">${verdictWord(effect.verdict).symbol}</span>${text}.</li>`;
  })}</ul>`;
}

/** With more candidates than this, the count of verdicts says more than a few of them in words. */
const FEW_CANDIDATES = 5;

function tallies({ run }: View): Html | null {
  const lines = headlineComparisons(run)
    .filter(({ candidates }) => candidates.length > FEW_CANDIDATES)
    .flatMap(({ baseline, candidates, effectOf }) =>
      headlineMetrics(run).flatMap((metric) => {
        const effects = candidates.flatMap((candidate) => effectOf(candidate, metric) ?? []);
        const found = [...new Set(effects.map((effect) => effect.verdict))].map(
          (verdict) =>
            `${effects.filter((effect) => effect.verdict === verdict).length} ${verdictWord(verdict).word}`,
        );
        return effects.length === 0
          ? []
          : [
              html`<li>${METRICS[metric].label} against ${name(baseline)}, of ${effects.length}: ${found.join(', ')}</li>`,
            ];
      }),
    );
  return lines.length === 0 ? null : html`<ul class="tallies">${lines}</ul>`;
}

function verdictTable(run: RunRecord, { baseline, candidates, effectOf }: Comparison): Html {
  const metrics = headlineMetrics(run).filter((metric) =>
    candidates.some((candidate) => effectOf(candidate, metric) !== undefined),
  );
  if (metrics.length === 0)
    return html`<p class="notice">No effect against ${name(baseline)} could be computed.</p>`;
  const { margin } = run.planned;
  const reach = new Map<MetricName, number>(
    metrics.map((metric) => [
      metric,
      reachOf(
        candidates.map((candidate) => effectOf(candidate, metric)),
        margin,
      ),
    ]),
  );
  const levels = (variant: string, role: string) =>
    html`<tr class="baseline" role="row"><th scope="row" role="rowheader">${name(variant)} <small>${role}</small></th>${metrics.map(
      (metric) =>
        html`<td role="cell" data-label="${title(metric)}">${levelCell(levelOf(run, variant, metric))}</td>`,
    )}</tr>
`;
  // Whether no mesh at all is faster is no question; how far away it is belongs on the first screen all the same.
  const cell = run.cells?.find(({ variants }) => variants.includes(baseline));
  const shown = [...controls(run)].filter(
    (id) => id !== baseline && !candidates.includes(id) && (cell?.variants.includes(id) ?? true),
  );
  return html`<table class="verdicts${candidates.length > FEW_CANDIDATES ? ' dense' : ''}" role="table">
<caption>Against ${name(baseline)}: change, and the interval it lies in. The shaded band of each mark is ±${coverage(margin)}, which counts as equal.</caption>
${headRow('Variant', metrics)}
<tbody role="rowgroup">${shown.map((id) => levels(id, 'no mesh'))}${levels(baseline, 'baseline')}${candidates.map(
    (candidate) => html`<tr role="row"><th scope="row" role="rowheader">${name(candidate)}</th>${metrics.map(
      (metric) =>
        html`<td role="cell" data-label="${title(metric)}">${effectCell(effectOf(candidate, metric), reach.get(metric) ?? 1, margin)}</td>`,
    )}</tr>
`,
  )}</tbody></table>`;
}

/** Pairs that have a baseline each: every variant against the one that differs from it in its point alone. */
function pairTable(run: RunRecord, pairs: ReturnType<typeof comparisonTables>['pairs']): Html | null {
  const { margin } = run.planned;
  const metrics = headlineMetrics(run).filter((metric) =>
    pairs.some(({ effectOf }) => effectOf(metric) !== undefined),
  );
  if (metrics.length === 0) return null;
  const reach = new Map(
    metrics.map((metric) => [
      metric,
      reachOf(
        pairs.map(({ effectOf }) => effectOf(metric)),
        margin,
      ),
    ]),
  );
  return html`<table class="verdicts dense" role="table">
<caption>Other pairs: change of the first against the second, and the interval it lies in.</caption>
${headRow('Pair', metrics)}
<tbody role="rowgroup">${pairs.map(
    ({
      candidate,
      baseline,
      effectOf,
    }) => html`<tr role="row"><th scope="row" role="rowheader">${name(candidate)} <small>against ${name(baseline)}</small></th>${metrics.map(
      (metric) =>
        html`<td role="cell" data-label="${title(metric)}">${effectCell(effectOf(metric), reach.get(metric) ?? 1, margin)}</td>`,
    )}</tr>
`,
  )}</tbody></table>`;
}

function headRow(first: string, metrics: readonly MetricName[]): Html {
  return html`<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${first}</th>${metrics.map(
    (metric) =>
      html`<th scope="col" role="columnheader" title="${METRICS[metric].definition}">${title(metric)}</th>`,
  )}</tr></thead>`;
}

function title(metric: MetricName): string {
  return capitalised(METRICS[metric].label);
}

function wideNote(effects: readonly Effect[], comparisons: readonly Comparison[]): Html | null {
  const shown = effects.filter((effect) =>
    comparisons.some(
      ({ baseline, candidates }) => baseline === effect.baseline && candidates.includes(effect.candidate),
    ),
  );
  const wide = shown.filter((effect) => effect.verdict === 'inconclusive').length;
  if (wide === 0) return null;
  return html`<p class="note"><b>${wide} of ${shown.length}</b> comparisons above cannot tell: the interval reaches both sides of “no change”, the figure is not known, or a rule of measurement was not met. More blocks, or a quieter machine, would narrow an interval; until then no difference has been shown, and none has been ruled out.</p>`;
}

function variantsWithoutNumbers(run: RunRecord): Html | null {
  const others = run.variants.filter((variant) => variant.status !== 'measured');
  if (others.length === 0) return null;
  return html`<ul class="absent">${others.map(
    (variant) =>
      html`<li><b>${name(variant.id)}</b> ${variant.status.replace('-', ' ')}${variant.reason === null ? null : `: ${variant.reason}`}</li>`,
  )}</ul>`;
}

/** Variants whose figures were measured and do not stand for a real machine, and why. */
function caveats(run: RunRecord): Html | null {
  const doubtful = run.variants.flatMap(({ id, status, caveat }) =>
    status === 'measured' && typeof caveat === 'string' ? [html`<li><b>${name(id)}</b>: ${caveat}</li>`] : [],
  );
  return doubtful.length === 0 ? null : html`<ul class="absent">${doubtful}</ul>`;
}

function gateList({ analysis }: View): Html | null {
  if (analysis.gate.length === 0) return null;
  const words = { pass: ['✓', 'passed'], fail: ['✗', 'failed'], undecided: ['?', 'undecided'] } as const;
  return html`<section class="gate" id="gate" aria-labelledby="gate-title"><h2 id="gate-title">The gate</h2><ul>${analysis.gate.map(
    (result) =>
      html`<li class="${result.outcome}"><b><span aria-hidden="true">${words[result.outcome][0]}</span> ${words[result.outcome][1]}</b> ${METRICS[result.metric].label}, ${name(result.candidate)} against ${name(result.baseline)} (limit ${result.limit}). <span>${result.explanation}</span></li>`,
  )}</ul></section>`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
