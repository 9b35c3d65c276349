/** How a service saw the requests of a generator come, against the constant schedule that it was asked for. */

/** The start of a slice, in which a generator opens its connections, is left out. */
const SETTLING_SHARE = 0.2;

/**
 * How far behind an even schedule of that rate requests came, at the 99th percentile, in µs: the schedule is laid so that
 * none comes early, since the offset between a generator's clock and its schedule is not known. What the way to the
 * service takes is in the offset; what it varies by is not, and makes a generator look later than it is. Null when there
 * are fewer than 100 requests.
 */
export function lateP99Micros(receivedNs: readonly number[], ratePerSecond: number): number | null {
  const sorted = [...receivedNs].sort((a, b) => a - b);
  const counted = sorted.slice(Math.floor(sorted.length * SETTLING_SHARE));
  if (counted.length < 100) return null;
  const gapNs = 1e9 / ratePerSecond;
  const origin = counted[0] ?? 0;
  const behindNs = counted.map((atNs, index) => atNs - origin - index * gapNs);
  const earliest = behindNs.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  return (quantile(behindNs, 0.99) - earliest) / 1000;
}

/** Requests per second between the first and the last. */
export function achievedRate(receivedNs: readonly number[]): number {
  const first = receivedNs.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const last = receivedNs.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  return receivedNs.length < 2 ? 0 : (receivedNs.length - 1) / ((last - first) / 1e9);
}

/** The value below which that share of the values lies, by nearest rank; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
