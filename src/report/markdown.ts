/** The summary for a pull request: what was asked, what came out, and how to repeat it. */
import { type Effect, METRICS, type RunRecord } from '../record/index.js';
import { askedFacts } from './asked.js';
import { confirmationSentence, endingSentence } from './ending.js';
import { coverage } from './format.js';
import { gcTailSentence } from './gc-tail.js';
import { shortened, visibleText } from './html.js';
import { ceilingSentence, ceilingsOf, clockSentence } from './offload.js';
import { noPickSentence, pickLimits, picks, pickTitle } from './picks.js';
import { estimateText, kneeSentence, limitSentence, objectiveText } from './rates.js';
import { type Comparison, comparisonTables, headlineMetrics, leadingEffects } from './selection.js';
import { placeFacts } from './topology.js';
import { analysisOf } from './view.js';
import {
  changeText,
  differenceText,
  effectSentence,
  intervalCoverage,
  rangeText,
  repeatCommand,
  verdictWord,
} from './words.js';

/**
 * A Markdown summary of an analysed run: verdicts in words, the table of the first screen, the gate, validity
 * and the command that repeats it. Names and reasons from the record are escaped; nothing in them becomes
 * markup, a link or a mention.
 */
export function renderMarkdown(run: RunRecord): string {
  const analysis = analysisOf(run);
  const { validity } = analysis;
  const tables = comparisonTables(run);
  const parts = [
    `## meshmark: ${escapeMarkdown(shortened(run.scenario.name))}`,
    `**${VALIDITY_WORDS[validity.status]}**${validity.reasons.length === 0 ? '' : `: ${escapeMarkdown(validity.reasons.join('; '))}`} · ${[...placeFacts(run), ...askedFacts(run)].join(' · ')} · ${coverage(run.planned.confidence)} intervals`,
    ...(run.state === 'finished'
      ? []
      : [
          `**The run is ${run.state}**${run.stateReason === null ? '' : `: ${escapeMarkdown(run.stateReason)}`}`,
        ]),
    [endingSentence(run), confirmationSentence(run)].filter((one) => one !== null).join(' '),
    pickLines(run),
    leadingLines(run, analysis.effects),
    ...tables.byBaseline.map((comparison) => verdictTable(run, comparison)),
    pairTable(run, tables.pairs),
    surprises(run),
    rates(run),
    gcTails(run),
    offload(run),
    absent(run),
    gateTable(run),
    `Repeat it:\n\n${fenced(repeatCommand(run))}`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const VALIDITY_WORDS = { valid: '✓ Valid', suspect: '? Suspect', invalid: '! Invalid' } as const;

function symbolOf(effect: Effect): string {
  return verdictWord(effect.verdict).symbol;
}

function sentenceOf(run: RunRecord, effect: Effect): string {
  return effectSentence(effect, intervalCoverage(effect, run.planned), run.planned.margin);
}

/** Which variant to switch on, and how sure that is; nothing where nothing was compared with a baseline. */
function pickLines(run: RunRecord): string {
  return picks(run)
    .map((pick) => {
      const answer =
        pick.best === null
          ? `? ${noPickSentence(pick, run)}.`
          : [`✓ ${sentenceOf(run, pick.best)}.`, ...pickLimits(pick)].join(' ');
      return `- **${pickTitle(pick)}**: ${escapeMarkdown(answer)}`;
    })
    .join('\n');
}

/** What else was decided. */
function leadingLines(run: RunRecord, effects: readonly Effect[]): string {
  const said: readonly (Effect | null)[] = picks(run).flatMap(({ best, closest }) => [best, closest]);
  return leadingEffects(run, effects)
    .filter((effect) => !said.includes(effect))
    .map((effect) => `- ${symbolOf(effect)} ${escapeMarkdown(sentenceOf(run, effect))}.`)
    .join('\n');
}

/** The slowest requests against the collector's pauses; nothing in records without tails. */
function gcTails(run: RunRecord): string {
  const tails = (analysisOf(run).gcTail ?? []).filter(({ share }) => share !== null);
  if (tails.length === 0) return '';
  const lines = tails.map((tail) => `- ${escapeMarkdown(shortened(tail.variant))}: ${gcTailSentence(tail)}.`);
  return `The tail and the collector:\n\n${lines.join('\n')}`;
}

/** What a sweep or a search found; nothing for other runs. */
function rates(run: RunRecord): string {
  const planned = run.planned.steps;
  const { curves = [], sloResults = [] } = analysisOf(run);
  if (planned === undefined) return '';
  return planned.type === 'sweep'
    ? curves
        .map((curve) => `- ${escapeMarkdown(shortened(curve.variant))}: ${kneeSentence(curve)}.`)
        .join('\n')
    : [
        `Objective: ${objectiveText(planned.objective)}`,
        markdownTable(
          ['variant', 'finding', 'cores per 1,000/s', 'MB per 1,000/s'],
          sloResults.map((result) => [
            escapeMarkdown(shortened(result.variant)),
            limitSentence(result),
            estimateText(result.coresPerThousand, 'count'),
            estimateText(result.megabytesPerThousand, 'count'),
          ]),
        ),
      ].join('\n\n');
}

function verdictTable(run: RunRecord, { baseline, candidates, effectOf }: Comparison): string {
  const metrics = headlineMetrics(run).filter((metric) =>
    candidates.some((candidate) => effectOf(candidate, metric) !== undefined),
  );
  if (metrics.length === 0) return '';
  return markdownTable(
    [`against ${escapeMarkdown(shortened(baseline))}`, ...metrics.map((metric) => METRICS[metric].label)],
    candidates.map((candidate) => [
      escapeMarkdown(shortened(candidate)),
      ...metrics.map((metric) => effectText(effectOf(candidate, metric))),
    ]),
  );
}

function pairTable(run: RunRecord, pairs: ReturnType<typeof comparisonTables>['pairs']): string {
  const metrics = headlineMetrics(run).filter((metric) =>
    pairs.some(({ effectOf }) => effectOf(metric) !== undefined),
  );
  if (metrics.length === 0) return '';
  return markdownTable(
    ['pair', ...metrics.map((metric) => METRICS[metric].label)],
    pairs.map(({ candidate, baseline, effectOf }) => [
      `${escapeMarkdown(shortened(candidate))} against ${escapeMarkdown(shortened(baseline))}`,
      ...metrics.map((metric) => effectText(effectOf(metric))),
    ]),
  );
}

function surprises(run: RunRecord): string {
  return (analysisOf(run).surprises ?? [])
    .map(
      ({ candidate, baseline, metric, expected, source, found }) =>
        `- **Surprise**: ${escapeMarkdown(shortened(candidate))} was expected to be ${expected} than ${escapeMarkdown(shortened(baseline))} in ${METRICS[metric].label} (${escapeMarkdown(source)}); found: ${escapeMarkdown(found)}`,
    )
    .join('\n');
}

function offload(run: RunRecord): string {
  return ceilingsOf(analysisOf(run))
    .map((ceiling) =>
      [`- ${escapeMarkdown(shortened(ceiling.variant))}: ${escapeMarkdown(ceilingSentence(ceiling))}`]
        .concat(escapeMarkdown(clockSentence(ceiling) ?? ''))
        .join(' ')
        .trimEnd(),
    )
    .join('\n');
}

function effectText(effect: Effect | undefined): string {
  if (effect === undefined) return '—';
  const { word, symbol } = verdictWord(effect.verdict);
  const known = changeText(effect) ?? differenceText(effect);
  return known === null ? `${symbol} ${word}` : `${symbol} ${word} **${known.value}** (${rangeText(known)})`;
}

function absent(run: RunRecord): string {
  return run.variants
    .filter((variant) => variant.status !== 'measured')
    .map(
      (variant) =>
        `- ${escapeMarkdown(shortened(variant.id))}: ${variant.status.replace('-', ' ')}${variant.reason === null ? '' : `, ${escapeMarkdown(variant.reason)}`}`,
    )
    .join('\n');
}

const OUTCOME_WORDS = { pass: '✓ passed', fail: '✗ failed', undecided: '? undecided' } as const;

function gateTable(run: RunRecord): string {
  const { gate } = analysisOf(run);
  if (gate.length === 0) return '';
  return markdownTable(
    ['gate', 'metric', 'comparison', 'limit', 'why'],
    gate.map((result) => [
      `**${OUTCOME_WORDS[result.outcome]}**`,
      METRICS[result.metric].label,
      `${escapeMarkdown(shortened(result.candidate))} against ${escapeMarkdown(shortened(result.baseline))}`,
      escapeMarkdown(result.limit),
      escapeMarkdown(result.explanation),
    ]),
  );
}

/** A Markdown table; the cells are Markdown already. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A code block whose fence no run of backticks in the text can end. */
function fenced(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}sh\n${visibleText(text).replace(/\n/g, ' ')}\n${fence}`;
}

const ZERO_WIDTH_SPACE = '\u200b';

/**
 * Text for one line of Markdown as GitHub reads it: no HTML, no emphasis, no link, no table border, and no
 * mention, issue or address that would be linked by itself.
 */
export function escapeMarkdown(text: string): string {
  return visibleText(text)
    .replace(/\s+/g, (space) => (space.includes('\n') || space.includes('\t') ? ' ' : space))
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()|~!]/g, (character) => `\\${character}`)
    .replace(/^(\s*)([#+-])/g, '$1\\$2')
    .replace(/@/g, `@${ZERO_WIDTH_SPACE}`)
    .replace(/#(?=\d)/g, `#${ZERO_WIDTH_SPACE}`)
    .replace(/:\/\//g, `:${ZERO_WIDTH_SPACE}//`)
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}${ZERO_WIDTH_SPACE}.`);
}
