/** Why: what moved together with each effect, what differs between the two, and what was expected. */
import { METRICS, type MetricName, type Pair, type RunRecord } from '../../record/index.js';
import {
  type Attribution,
  attributionsOf,
  type Companion,
  expectationOutcome,
  type HopChange,
} from '../../stats/index.js';
import { coverage, quantity, share } from '../format.js';
import { type Html, html, name, shortened } from '../html.js';
import { headlineComparisons, headlineMetrics } from '../selection.js';
import type { Section, View } from '../view.js';
import {
  changeText,
  differenceText,
  effectSentence,
  intervalCoverage,
  rangeText,
  verdictWord,
} from '../words.js';

/** With more pairs than this each is folded away under its name. */
const FEW_PAIRS = 3;
/** Hops and options beyond so many say less than they hide. */
const MOST_LISTED = 4;

/** Left out where nothing about CPU, latency or throughput was decided and nothing was expected. */
export function why(view: View): Section {
  const { run, analysis } = view;
  const base = { id: 'why', title: 'Why' };
  const pairs = headlineComparisons(run).flatMap(({ baseline, candidates }) =>
    candidates.map((candidate) => ({ candidate, baseline })),
  );
  const asked = new Set<MetricName>([...headlineMetrics(run), 'throughput']);
  const told = pairs
    .map((pair) => ({
      pair,
      found: attributionsOf(analysis, pair, run.planned.margin).filter(({ effect }) =>
        asked.has(effect.metric),
      ),
    }))
    .filter(({ pair, found }) => found.length > 0 || expectationsOf(view, pair) !== null);
  if (told.length === 0) return { ...base, body: null };
  return {
    ...base,
    body: html`<p>What moved together with each effect. It says where to look, and proves no cause: only switching one option at a time does. User and system time come from long slices, allocation and collections from wherever CPU was decided.</p>
${told.map(({ pair, found }) => pairPart(view, pair, found, told.length > FEW_PAIRS))}`,
  };
}

function pairPart(view: View, pair: Pair, found: readonly Attribution[], folded: boolean): Html {
  const title = html`${name(pair.candidate)} against ${name(pair.baseline)}`;
  const body = html`${differences(view.run, pair)}
${found.length === 0 ? html`<p>Nothing was decided between them in CPU, latency or throughput, so that there is nothing to explain.</p>` : null}
${found.map((attribution) => attributionPart(view.run, attribution))}
${expectationsOf(view, pair)}`;
  return folded
    ? html`<details class="fold"><summary>${title} <small>${found.map(({ effect }) => `${METRICS[effect.metric].label} ${verdictWord(effect.verdict).word}`).join(', ')}</small></summary>${body}</details>`
    : html`<h3>${title}</h3>${body}`;
}

/** The options that are not the same in both. */
function differences(run: RunRecord, { candidate, baseline }: Pair): Html | null {
  const [own, other] = [candidate, baseline].map((id) => run.variants.find((variant) => variant.id === id));
  if (own === undefined || other === undefined) return null;
  if (own.kind !== other.kind && Object.keys(own.options).length * Object.keys(other.options).length === 0)
    return html`<p>They are different programs: whatever moved, more than one thing may have moved it.</p>`;
  const keys = [...new Set([...Object.keys(other.options), ...Object.keys(own.options)])].filter(
    (key) => optionText(own.options, key) !== optionText(other.options, key),
  );
  if (keys.length === 0) return null;
  const listed = keys
    .slice(0, MOST_LISTED)
    .map(
      (key, index) =>
        html`${index === 0 ? null : '; '}<code>${shortened(key)}</code>: ${optionText(other.options, key)} → ${optionText(own.options, key)}`,
    );
  return html`<p>They differ in ${listed}${keys.length > MOST_LISTED ? `, and ${keys.length - MOST_LISTED} more options` : null}.</p>`;
}

function optionText(options: Readonly<Record<string, string | number | boolean>>, key: string): string {
  return Object.hasOwn(options, key) ? shortened(String(options[key])) : 'not set';
}

function attributionPart(run: RunRecord, attribution: Attribution): Html {
  const { effect, companions, hops } = attribution;
  const of = (state: Companion['state']) => companions.filter((one) => one.state === state);
  const line = (label: string, found: readonly Companion[]) =>
    found.length === 0 ? null : html`<li><b>${label}:</b> ${found.map(companionText).join('; ')}.</li>`;
  return html`<p class="cause"><span class="symbol" aria-hidden="true">${verdictWord(effect.verdict).symbol}</span> ${effectSentence(effect, intervalCoverage(effect, run.planned), run.planned.margin)}.</p>
<ul class="causes">${collectorLine(attribution)}${hopLine(hops)}${line('Moved with it', of('with'))}${line('Moved against it', of('against'))}${line(`Within ±${coverage(run.planned.margin)}, which counts as unmoved`, of('still'))}${line('Cannot tell', of('unknown'))}</ul>`;
}

function companionText({ effect }: Companion): string {
  const known = changeText(effect) ?? differenceText(effect);
  const { label } = METRICS[effect.metric];
  return known === null ? label : `${label} ${known.value} (${rangeText(known)})`;
}

/** How much of a difference in CPU is the collector's. */
function collectorLine({ effect, collectorMicros }: Attribution): Html | null {
  const { difference } = effect;
  if (collectorMicros === null || difference === null || difference === 0) return null;
  const part = collectorMicros / difference;
  const size = quantity(Math.abs(collectorMicros), 'µs');
  const whole = quantity(Math.abs(difference), 'µs');
  const more = collectorMicros > 0 ? 'more' : 'less';
  return Math.abs(part) < 0.02
    ? html`<li><b>Garbage collection</b> has no part in it: its CPU per request differs by ${size}.</li>`
    : part < 0
      ? html`<li><b>Garbage collection</b> works against it: about ${size} ${more} per request.</li>`
      : html`<li><b>Garbage collection</b> is about ${size} of the ${whole} per request (${share(Math.min(1, part))}): its share of CPU times CPU, in both.</li>`;
}

function hopLine(hops: readonly HopChange[]): Html | null {
  if (hops.length === 0) return null;
  const apart = hops.filter((hop) => hop.apart).slice(0, MOST_LISTED);
  return apart.length === 0
    ? html`<li><b>On the way:</b> no part differs in its mean by more than its interval.</li>`
    : html`<li><b>On the way,</b> in the mean: ${apart.map((hop) => `${hop.name} ${quantity(hop.baselineMicros, 'µs')} → ${quantity(hop.candidateMicros, 'µs')}`).join('; ')}.</li>`;
}

const OUTCOMES = { 'as expected': '✓', 'the other way': '✗', 'not shown': '?' } as const;

/** What was expected of either of the two against the other, and what became of it. */
function expectationsOf({ run, analysis }: View, { candidate, baseline }: Pair): Html | null {
  const expected = run.variants.flatMap(({ id, expectations }) =>
    (expectations ?? [])
      .filter(
        ({ against }) =>
          (id === candidate && against === baseline) || (id === baseline && against === candidate),
      )
      .map((expectation) => ({ id, expectation })),
  );
  if (expected.length === 0) return null;
  return html`<ul class="causes">${expected.map(({ id, expectation }) => {
    const outcome = expectationOutcome(id, expectation, analysis.effects);
    return html`<li><b>Expected before it was measured:</b> ${expectation.direction} ${METRICS[expectation.metric].label} of ${name(id)} than of ${name(expectation.against)}. <span aria-hidden="true">${OUTCOMES[outcome]}</span> <b>${outcome === 'not shown' ? 'Neither shown nor refuted' : outcome === 'as expected' ? 'So it is' : 'It went the other way'}</b>. <small>It rests on: ${shortened(expectation.source, 300)}.</small></li>`;
  })}</ul>`;
}
