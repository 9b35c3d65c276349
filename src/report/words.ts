/** Effects and verdicts in words, the same in the HTML report, the Markdown summary and JUnit. */
import {
  type Effect,
  METRICS,
  type MetricName,
  type PlannedAnalysis,
  type RunRecord,
  type Verdict,
} from '../record/index.js';
import { gatedConfidence } from '../stats/index.js';
import {
  changeInterval,
  coverage,
  differenceInterval,
  type IntervalText,
  magnitudeInterval,
} from './format.js';

export interface VerdictWord {
  readonly word: string;
  /** Shape, not colour, tells verdicts apart at a glance. */
  readonly symbol: string;
}

const VERDICT_WORDS: Readonly<Record<Verdict, VerdictWord>> = {
  better: { word: 'better', symbol: '✓' },
  worse: { word: 'worse', symbol: '✗' },
  equivalent: { word: 'equivalent', symbol: '≈' },
  inconclusive: { word: 'cannot tell', symbol: '?' },
  'not-exercised': { word: 'not exercised', symbol: '∅' },
  unavailable: { word: 'unavailable', symbol: '–' },
  failed: { word: 'failed', symbol: '!' },
  invalid: { word: 'invalid', symbol: '!' },
};

/** The word and the symbol of a verdict. */
export function verdictWord(verdict: Verdict): VerdictWord {
  return VERDICT_WORDS[verdict];
}

/** How a change of a metric is said: "uses 12 % less CPU per request than". `{}` takes the amount. */
const PHRASES: Readonly<Partial<Record<MetricName, readonly [less: string, more: string]>>> = {
  'cpu.per_request': ['uses {} less CPU per request than', 'uses {} more CPU per request than'],
  'cpu.user_per_request': [
    'uses {} less user CPU per request than',
    'uses {} more user CPU per request than',
  ],
  'cpu.system_per_request': [
    'uses {} less system CPU per request than',
    'uses {} more system CPU per request than',
  ],
  'cpu.machine_per_request': [
    'costs the machine {} less CPU per request than',
    'costs the machine {} more CPU per request than',
  ],
  'alloc.bytes_per_request': [
    'allocates {} fewer bytes per request than',
    'allocates {} more bytes per request than',
  ],
  'alloc.objects_per_request': [
    'allocates {} fewer objects per request than',
    'allocates {} more objects per request than',
  ],
  'gc.cycles_per_1k': ['collects garbage {} less often than', 'collects garbage {} more often than'],
  'gc.cpu_fraction': [
    'spends a {} smaller share of its CPU on garbage collection than',
    'spends a {} larger share of its CPU on garbage collection than',
  ],
  throughput: ['serves {} fewer requests per second than', 'serves {} more requests per second than'],
};

/** True when the effect has a ratio with both ends of its interval. */
export function hasRatio(
  effect: Effect,
): effect is Effect & { readonly ratio: number; readonly low: number; readonly high: number } {
  return effect.ratio !== null && effect.low !== null && effect.high !== null;
}

/** True when the effect has a difference with both ends of its interval. */
export function hasDifference(effect: Effect): effect is Effect & {
  readonly difference: number;
  readonly differenceLow: number;
  readonly differenceHigh: number;
} {
  return effect.difference !== null && effect.differenceLow !== null && effect.differenceHigh !== null;
}

/** Ratio and interval as percentages, or null when the effect has none. */
export function changeText(effect: Effect): IntervalText | null {
  return hasRatio(effect) ? changeInterval(effect.ratio, effect.low, effect.high) : null;
}

/** Difference and interval in the metric's unit, or null when the effect has none. */
export function differenceText(effect: Effect): IntervalText | null {
  return hasDifference(effect)
    ? differenceInterval(
        effect.difference,
        effect.differenceLow,
        effect.differenceHigh,
        METRICS[effect.metric].unit,
      )
    : null;
}

/** "−64.1 % to −60.2 %". */
export function rangeText(interval: IntervalText): string {
  return `${interval.low} to ${interval.high}`;
}

/**
 * What is known of an effect in one sentence without a full stop, for example: "pooled-buffer allocates 62 %
 * fewer bytes per request than plain (99 % interval 60 % to 64 %): better". `interval` is the coverage of the
 * effect's interval as a fraction.
 */
export function effectSentence(effect: Effect, interval: number, margin: number): string {
  const { candidate, baseline, metric } = effect;
  const label = METRICS[metric].label;
  const reason = effect.reason === null ? '' : ` (${effect.reason})`;
  switch (effect.verdict) {
    case 'better':
    case 'worse':
      return decidedSentence(effect, interval);
    case 'equivalent': {
      const known = changeText(effect) ?? differenceText(effect);
      const figures =
        known === null
          ? ''
          : `: ${known.value}, ${coverage(interval)} interval ${rangeText(known)}, all within ±${coverage(margin)}`;
      return `${candidate} and ${baseline} are equivalent in ${label}${figures}`;
    }
    case 'inconclusive': {
      const known = changeText(effect) ?? differenceText(effect);
      if (known === null) return `${candidate} against ${baseline}, ${label}: cannot tell${reason}`;
      const figures = `${known.value}, ${coverage(interval)} interval ${rangeText(known)}`;
      const why = effect.overruled === true ? 'not judged, whatever the interval' : 'too wide to tell';
      return `${candidate} against ${baseline}, ${label}: ${figures}, ${why}${reason}`;
    }
    case 'not-exercised':
    case 'unavailable':
    case 'failed':
    case 'invalid':
      return `${candidate} against ${baseline}, ${label}: ${verdictWord(effect.verdict).word}${reason}`;
  }
}

function decidedSentence(effect: Effect, interval: number): string {
  const { candidate, baseline, metric, verdict } = effect;
  const word = verdictWord(verdict).word;
  if (!hasRatio(effect)) {
    const known = differenceText(effect);
    const figures =
      known === null ? '' : ` by ${known.value} (${coverage(interval)} interval ${rangeText(known)})`;
    return `${candidate} differs from ${baseline} in ${METRICS[metric].label}${figures}: ${word}`;
  }
  const less = effect.ratio < 1;
  const phrase =
    PHRASES[metric]?.[less ? 0 : 1] ?? `has {} ${less ? 'lower' : 'higher'} ${METRICS[metric].label} than`;
  const sameSide = less ? effect.high <= 1 : effect.low >= 1;
  if (effect.high >= 3 || effect.ratio >= 3 || !sameSide) {
    const known = changeInterval(effect.ratio, effect.low, effect.high);
    return `${candidate} against ${baseline}, ${METRICS[metric].label}: ${known.value} (${coverage(interval)} interval ${rangeText(known)}): ${word}`;
  }
  const amount = magnitudeInterval(effect.ratio, effect.low, effect.high);
  const [smaller, larger] = less ? [amount.high, amount.low] : [amount.low, amount.high];
  return `${candidate} ${phrase.replace('{}', amount.value)} ${baseline} (${coverage(interval)} interval ${smaller} to ${larger}): ${word}`;
}

/** Coverage of an effect's interval: gated effects share the run's error rate among them, others do not. */
export function intervalCoverage(effect: Effect, planned: PlannedAnalysis): number {
  return effect.gated ? gatedConfidence(planned) : planned.confidence;
}

/** Ids of variants without a data plane: the controls that overhead is measured from. */
export function controls(run: RunRecord): ReadonlySet<string> {
  return new Set(run.variants.filter((variant) => variant.kind === 'direct').map((variant) => variant.id));
}

/** A shell command that repeats the run, seed included. */
export function repeatCommand(run: RunRecord): string {
  const words = run.command.length > 0 ? [...run.command] : ['meshmark', 'run', run.scenario.path];
  if (words[0] === 'meshmark') words.unshift('npx');
  if (!words.some((word) => word === '--seed' || word.startsWith('--seed='))) {
    words.push('--seed', String(run.seed));
  }
  return words.map(shellWord).join(' ');
}

/** A word as POSIX shells need it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
