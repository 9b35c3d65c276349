/** The gate as annotations of GitHub Actions: workflow commands, which a step prints. */
import { type GateResult, METRICS, type RunRecord } from '../../record/index.js';
import { visibleText } from '../html.js';
import { analysisOf } from '../view.js';

/** GitHub shows so many of a kind for a step, and drops the rest without a word. */
const MOST_OF_A_KIND = 10;

type Kind = 'error' | 'warning' | 'notice';

const KINDS: Readonly<Record<GateResult['outcome'], Kind>> = {
  fail: 'error',
  undecided: 'warning',
  pass: 'notice',
};

/**
 * A line for each rule's outcome at the scenario's gate: `::error` where it failed, `::warning` where nothing could be told,
 * `::notice` where it passed; and one where the run is not valid. More of a kind than GitHub shows are counted in its last line.
 */
export function renderAnnotations(run: RunRecord): string {
  const { gate, validity } = analysisOf(run);
  const at = { file: run.scenario.path, line: String(gateLine(run.scenario.text)) };
  const results = gate.map(({ metric, candidate, baseline, outcome, explanation }) => ({
    kind: KINDS[outcome],
    title: `${METRICS[metric].label}: ${candidate} against ${baseline}`,
    message: explanation,
  }));
  const doubts =
    validity.status === 'valid'
      ? []
      : [
          {
            kind: validity.status === 'invalid' ? ('error' as const) : ('warning' as const),
            title: `This run is ${validity.status}`,
            message: validity.reasons.join('; '),
          },
        ];
  const all = [...doubts, ...results];
  return (['error', 'warning', 'notice'] as const)
    .flatMap((kind) => shown(all.filter((one) => one.kind === kind)))
    .map(({ kind, title, message }) => `${command(kind, { ...at, title }, message)}\n`)
    .join('');
}

interface Annotation {
  readonly kind: Kind;
  readonly title: string;
  readonly message: string;
}

function shown(annotations: readonly Annotation[]): readonly Annotation[] {
  if (annotations.length <= MOST_OF_A_KIND) return annotations;
  const kept = annotations.slice(0, MOST_OF_A_KIND - 1);
  const [first] = annotations.slice(MOST_OF_A_KIND - 1);
  if (first === undefined) return kept;
  const more = annotations.length - kept.length;
  return [...kept, { ...first, title: `${more} more`, message: `${more} more are in the report.` }];
}

/** Line of the scenario, from 1, at which its gate begins; the first where it has none. */
function gateLine(text: string): number {
  return Math.max(1, text.split('\n').findIndex((line) => /^gate\s*:/.test(line)) + 1);
}

/** A workflow command. Properties and message are escaped as @actions/core does it, so that no text can be a command. */
function command(kind: Kind, properties: Readonly<Record<string, string>>, message: string): string {
  const pairs = Object.entries(properties).map(([key, value]) => `${key}=${property(value)}`);
  return `::${kind} ${pairs.join(',')}::${data(message)}`;
}

function data(text: string): string {
  return visibleText(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
