/**
 * What the generator's own lateness did to the latency effects of a run. Latency is timed from when a request was due, so that
 * a late request counts as slow; then part of what is told is the generator's. Both of a pair's variants are sent by the same
 * generator, and what it adds to both cancels in their difference. So like is held against like: at an effect's own percentile,
 * the effect as it is told against the same effect timed from when each request really left.
 */
import {
  type Effect,
  type Histogram,
  type Level,
  type MetricName,
  quantileNs,
  sumHistograms,
} from '../record/index.js';
import type { Evidence } from './evidence.js';

/** Rule 7 of measurement: what lateness may be of a latency effect that is judged. */
const LAG_SHARE = 0.2;
/** From here on the slowest requests are few enough for the late ones to be all of them, whatever cancels on average. */
const TAIL = 0.99;

const PERCENTILES: readonly (readonly [MetricName, number])[] = [
  ['latency.p50', 0.5],
  ['latency.p90', 0.9],
  ['latency.p99', 0.99],
  ['latency.p99.9', 0.999],
];

export interface SendLagInput {
  readonly effects: readonly Effect[];
  readonly levels: readonly Level[];
  readonly evidence: ReadonlyMap<string, Pick<Evidence, 'usable'>>;
  /** The largest relative change that is no change. */
  readonly margin: number;
}

interface SentLong {
  readonly due: Histogram;
  readonly sent: Histogram;
  readonly lag: Histogram;
}

/** A sentence for each latency effect that a verdict rests on and of which more than a fifth may be lateness; null when none. */
export function sendLagReasons({ effects, levels, evidence, margin }: SendLagInput): string[] {
  const timed = new Map<string, SentLong | null>();
  const timesOf = (variant: string) => {
    const known = timed.get(variant);
    if (known !== undefined) return known;
    const times = sentLong(evidence.get(variant));
    timed.set(variant, times);
    return times;
  };
  return PERCENTILES.flatMap(([metric, q]) =>
    effects.flatMap((effect) => {
      if (effect.metric !== metric) return [];
      const sizeMs = judgedMs(effect, levels, margin);
      const baseline = timesOf(effect.baseline);
      const candidate = timesOf(effect.candidate);
      if (sizeMs === null || baseline === null || candidate === null) return [];
      const reason =
        doubtOf(baseline, candidate, q, sizeMs) ??
        (effect.verdict === 'equivalent' ? dilutionOf(baseline, q) : null);
      return reason === null
        ? []
        : [`${effect.candidate} against ${effect.baseline}, ${metric.replace('latency.', '')}: ${reason}`];
    }),
  );
}

/** The difference that a verdict rests on, in ms; null where nothing is concluded. */
function judgedMs(effect: Effect, levels: readonly Level[], margin: number): number | null {
  if (effect.difference === null) return null;
  if (effect.verdict === 'better' || effect.verdict === 'worse') return Math.abs(effect.difference);
  if (effect.verdict !== 'equivalent') return null;
  // To call two latencies equivalent is to claim that a difference of the margin would have been seen.
  const level = levels.find((one) => one.metric === effect.metric && one.variant === effect.baseline);
  return level === undefined || level.value === null ? null : margin * level.value;
}

function doubtOf(baseline: SentLong, candidate: SentLong, q: number, sizeMs: number): string | null {
  const allowedMs = LAG_SHARE * sizeMs;
  const judged = `more than a fifth of the ${ms(sizeMs)} judged`;
  if (q >= TAIL) {
    const lagMs = Math.max(quantileMs(baseline.lag, q), quantileMs(candidate.lag, q));
    return lagMs > allowedMs ? `requests left up to ${ms(lagMs)} late there, ${judged}` : null;
  }
  const dueMs = quantileMs(candidate.due, q) - quantileMs(baseline.due, q);
  const sentMs = quantileMs(candidate.sent, q) - quantileMs(baseline.sent, q);
  if (Math.abs(dueMs - sentMs) > allowedMs) {
    return `that requests left late makes ${ms(Math.abs(dueMs - sentMs))} of it, ${judged}`;
  }
  return null;
}

/**
 * What is added to both leaves their difference alone and makes their ratio smaller: (a + lag) / (b + lag). A change that was
 * found is larger than it looks then; but to have found none is to say that it would have been seen.
 */
function dilutionOf(baseline: SentLong, q: number): string | null {
  const addedMs = quantileMs(baseline.due, q) - quantileMs(baseline.sent, q);
  return addedMs > LAG_SHARE * quantileMs(baseline.due, q)
    ? `${ms(addedMs)} of the baseline’s ${ms(quantileMs(baseline.due, q))} is that requests left late, more than a fifth, behind which a change could hide`
    : null;
}

/** The long slices of a variant that may decide, as one; null when their driver has no schedule to be late by. */
function sentLong(evidence: Pick<Evidence, 'usable'> | undefined): SentLong | null {
  const slices = (evidence?.usable.long ?? []).filter(
    ({ sendLag, sendLatency }) => sendLag !== null && sendLatency !== null,
  );
  const lag = sumHistograms(slices.flatMap((slice) => slice.sendLag ?? []));
  const sent = sumHistograms(slices.flatMap((slice) => slice.sendLatency ?? []));
  const due = sumHistograms(slices.flatMap((slice) => slice.latency ?? []));
  return lag.total === 0 || sent.total === 0 || due.total === 0 ? null : { due, sent, lag };
}

function quantileMs(histogram: Histogram, q: number): number {
  return quantileNs(histogram, q) / 1e6;
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`;
}
