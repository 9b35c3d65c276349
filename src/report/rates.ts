/** Curves and limits in words, for every form of report. */
import type { CurvePoint, Objective, RateCurve, SloResult } from '../record/index.js';
import { quantity, quantityInterval, significant } from './format.js';
import { rangeText } from './words.js';

type Estimated = NonNullable<CurvePoint['p99Ms']>;

/** A rate as readers meet it. */
export function rateText(perSecond: number): string {
  return `${significant(perSecond)}/s`;
}

/** An estimate with its interval in brackets where it has one. */
export function estimateText(estimate: Estimated | null, unit: 'ms' | 'µs' | 'bytes' | 'count'): string {
  if (estimate === null) return '—';
  const { value, low, high } = estimate;
  if (low === null || high === null) return quantity(value, unit);
  const text = quantityInterval(value, low, high, unit);
  return `${text.value} (${rangeText(text)})`;
}

/** Where a curve bends, in a sentence. */
export function kneeSentence({ kneeRatePerSecond, tooMuchRatePerSecond, points }: RateCurve): string {
  const limited = points.find(({ generatorLimited }) => generatorLimited);
  const generator =
    limited === undefined
      ? ''
      : `; at ${rateText(limited.offeredRatePerSecond)} it was the generator that could not keep up`;
  if (tooMuchRatePerSecond === null) {
    return `no knee up to ${rateText(kneeRatePerSecond ?? 0)}, the highest rate that was tried${generator}`;
  }
  return kneeRatePerSecond === null
    ? `the lowest rate that was tried, ${rateText(tooMuchRatePerSecond)}, was too much already${generator}`
    : `the knee is at ${rateText(kneeRatePerSecond)}: ${rateText(tooMuchRatePerSecond)} was too much${generator}`;
}

/** What a search found of a variant, in a sentence. */
export function limitSentence({
  ratePerSecond,
  low,
  high,
  settled,
  generatorLimitPerSecond,
}: SloResult): string {
  if (ratePerSecond !== null && low !== null && high !== null) {
    const range = `between ${rateText(low)} and ${rateText(high)} with 95 %`;
    const known = settled ? '' : ', which is wider than was asked for';
    return `it holds up to ${rateText(ratePerSecond)}, ${range}${known}`;
  }
  if (generatorLimitPerSecond !== null) {
    const held = low === null ? 'no rate was seen to hold' : `it holds at least ${rateText(low)}`;
    return `${held}; the generator could not send ${rateText(generatorLimitPerSecond)}`;
  }
  if (low !== null) return `it holds at least ${rateText(low)}, the highest rate that was tried`;
  return high === null ? 'nothing was measured' : `no rate held, down to ${rateText(high)}`;
}

/** An objective in words: `p99 ≤ 5 ms, at most 1 % errors`. */
export function objectiveText({ latency, mostErrors }: Objective): string {
  return [
    ...latency.map(
      ({ quantile, limitMs }) => `p${Number((quantile * 100).toFixed(4))} ≤ ${quantity(limitMs, 'ms')}`,
    ),
    `at most ${significant(mostErrors * 100)} % errors`,
  ].join(', ');
}
