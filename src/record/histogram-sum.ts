/**
 * Sums thousands of encoded histograms quickly. The decoder gives each one as a list of values, which is right for
 * statistics on a few; 2,000 slices with three histograms each would take seconds and hundreds of MB for lists that are
 * only added up. Here the counts of the encoding go straight into one array, by bucket number, and a value is computed only
 * for the buckets that are asked about.
 */
import hdr from 'hdr-histogram-js';
import {
  bucketValueNs,
  createEncodedBuckets,
  decodeHistogram,
  EMPTY_HISTOGRAM,
  emptyHistogram,
  HIGHEST_NS,
  type Histogram,
  mergeHistograms,
  quantileNs,
  readEncodedBuckets,
} from './histogram.js';

export interface SlicePercentiles {
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

export interface HistogramSum {
  /** Adds an encoded histogram. */
  add(base64: string): void;
  /** Adds an encoded histogram and tells its own percentiles; null when it is empty. */
  addAndMeasure(base64: string): SlicePercentiles | null;
  /** All samples added so far, as the record's decoder and merger would give them. */
  total(): Histogram;
}

/** The layout that this project writes: 1 ns up, 3 digits, so 1,024 buckets in each half and 33,792 up to 1 h. */
const HALF_COUNT = 1024;
const UNIT_MAGNITUDE = 0;
const BUCKETS = 34_816;

function valueNs(index: number): number {
  return bucketValueNs(index, HALF_COUNT, UNIT_MAGNITUDE);
}

/** One histogram's non-empty buckets; shared by all sums, because reading is synchronous and thousands pass through. */
const buckets = createEncodedBuckets();

/** Whether it has this project's own layout; others' tools have theirs. */
function read(base64: string): boolean {
  readEncodedBuckets(base64, buckets);
  const { used, indexes, halfCount, unitMagnitude } = buckets;
  const fits = used === 0 || (indexes[used - 1] ?? 0) < BUCKETS;
  return halfCount === HALF_COUNT && unitMagnitude === UNIT_MAGNITUDE && fits;
}

/** All samples of encoded histograms in one. Throws RangeError for a text that is no histogram. */
export function sumHistograms(encodings: Iterable<string>): Histogram {
  const sum = createHistogramSum();
  for (const encoding of encodings) sum.add(encoding);
  return sum.total();
}

/**
 * Encoded histograms as one encoding with all their samples, in the layout of `createLatencyRecorder`; lossless where
 * they have that layout. Throws RangeError when a text is no such histogram.
 */
export function mergeEncodedHistograms(encodings: Iterable<string>): string {
  const { valuesNs, counts } = sumHistograms(encodings);
  const merged = emptyHistogram();
  valuesNs.forEach((valueNs, index) => {
    merged.recordValueWithCount(Math.min(HIGHEST_NS, valueNs), counts[index] ?? 0);
  });
  return hdr.encodeIntoCompressedBase64(merged);
}

/** An empty sum. `add` throws RangeError for a text that is no histogram. */
export function createHistogramSum(): HistogramSum {
  // Most sums of a report stay empty, so the array waits for the first sample.
  let sums = new Float64Array(0);
  let beyondLast = 0;
  /** Those in another layout, whose buckets have other edges. */
  const others: Histogram[] = [];

  const addRead = (): number => {
    const { used, indexes, counts } = buckets;
    let total = 0;
    if (used > 0 && sums.length === 0) sums = new Float64Array(BUCKETS);
    beyondLast = Math.max(beyondLast, used === 0 ? 0 : (indexes[used - 1] ?? 0) + 1);
    for (let i = 0; i < used; i++) {
      const count = counts[i] ?? 0;
      total += count;
      const index = indexes[i] ?? 0;
      sums[index] = (sums[index] ?? 0) + count;
    }
    return total;
  };

  return {
    add(base64) {
      if (read(base64)) addRead();
      else others.push(decodeHistogram(base64));
    },
    addAndMeasure(base64) {
      if (!read(base64)) {
        const other = decodeHistogram(base64);
        others.push(other);
        if (other.total === 0) return null;
        const at = (q: number) => quantileNs(other, q);
        return { p50Ns: at(0.5), p99Ns: at(0.99), maxNs: at(1) };
      }
      const total = addRead();
      if (total === 0) return null;
      const { used, indexes, counts } = buckets;
      const at = (q: number) => {
        const rank = Math.min(total, Math.max(1, Math.ceil(q * total - 1e-9 * total)));
        let seen = 0;
        for (let i = 0; i < used; i++) {
          seen += counts[i] ?? 0;
          if (seen >= rank) return valueNs(indexes[i] ?? 0);
        }
        return valueNs(indexes[used - 1] ?? 0);
      };
      return { p50Ns: at(0.5), p99Ns: at(0.99), maxNs: at(1) };
    },
    total() {
      const values: number[] = [];
      const kept: number[] = [];
      let total = 0;
      for (let index = 0; index < beyondLast; index++) {
        const count = sums[index] ?? 0;
        if (count === 0) continue;
        values.push(valueNs(index));
        kept.push(count);
        total += count;
      }
      const own =
        total === 0
          ? EMPTY_HISTOGRAM
          : { valuesNs: Float64Array.from(values), counts: Float64Array.from(kept), total };
      return others.length === 0 ? own : mergeHistograms([own, ...others]);
    },
  };
}
