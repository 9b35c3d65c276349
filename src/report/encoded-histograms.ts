/**
 * Sums thousands of encoded histograms quickly. The record's decoder gives each one as a list of values, which
 * is right for statistics on a few; a report of 2,000 slices with three histograms each would spend seconds on
 * lists that are only added up. Here the counts of the encoding go straight into one array, by bucket number,
 * and a value is computed only for the buckets that are asked about.
 */
import { inflateSync } from 'node:zlib';
import { decodeHistogram, EMPTY_HISTOGRAM, type Histogram } from '../record/index.js';

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

/** HdrHistogram's V2 payload: a header of 40 bytes, then counts; what `decodeHistogram` of the record documents. */
const COMPRESSED_HEADER_BYTES = 8;
const PAYLOAD_HEADER_BYTES = 40;
const DIGITS_OFFSET = 12;
const LOWEST_OFFSET = 16;
/** The layout that this project writes: 1 ns up, 3 digits, so 1,024 buckets in each half and 33,792 up to 1 h. */
const DIGITS = 3;
const HALF_COUNT = 1024;
const BUCKETS = 34_816;

/** Highest value of a bucket in this layout; HdrHistogram, "valueFromIndex" and "highestEquivalentValue". */
function bucketValue(index: number): number {
  const bucket = Math.floor(index / HALF_COUNT) - 1;
  if (bucket < 0) return index;
  const width = 2 ** bucket;
  return ((index % HALF_COUNT) + HALF_COUNT) * width + width - 1;
}

/** One histogram's non-empty buckets; shared by all sums, because reading is synchronous and thousands pass through. */
const indexes = new Int32Array(BUCKETS);
const counts = new Float64Array(BUCKETS);

/** An empty sum. `add` throws RangeError for a text that is no histogram. */
export function createHistogramSum(): HistogramSum {
  // Most sums of a report stay empty, so the array waits for the first sample.
  let sums = new Float64Array(0);
  let beyondLast = 0;

  /** Fills `indexes` and `counts` and returns how many of them are used. */
  const read = (base64: string): number => {
    const payload = payloadOf(base64);
    let used = 0;
    let index = 0;
    let offset = PAYLOAD_HEADER_BYTES;
    while (offset < payload.length) {
      // ZigZag LEB128: seven bits a byte, low bits first, and a ninth byte that carries eight. Multiplied, because a
      // JavaScript shift drops everything above 32 bits; most words are one byte and take no loop.
      let byte = payload[offset++] ?? 0;
      let word = byte;
      if (byte >= 128) {
        word = byte & 0x7f;
        let scale = 128;
        for (let bytes = 1; byte >= 128 && bytes < 9; bytes++) {
          byte = payload[offset++] ?? 0;
          word += (bytes < 8 ? byte & 0x7f : byte) * scale;
          scale *= 128;
        }
      }
      if (word % 2 === 1) {
        index += (word + 1) / 2;
        continue;
      }
      if (word > 0) {
        indexes[used] = index;
        counts[used] = word / 2;
        used++;
      }
      index++;
    }
    if (index > BUCKETS) throw new RangeError('an HdrHistogram with more buckets than 1 ns to 1 h has');
    return used;
  };

  const addRead = (used: number): number => {
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
      addRead(read(base64));
    },
    addAndMeasure(base64) {
      const used = read(base64);
      const total = addRead(used);
      if (total === 0) return null;
      const at = (q: number) => {
        const rank = Math.min(total, Math.max(1, Math.ceil(q * total - 1e-9 * total)));
        let seen = 0;
        for (let i = 0; i < used; i++) {
          seen += counts[i] ?? 0;
          if (seen >= rank) return bucketValue(indexes[i] ?? 0);
        }
        return bucketValue(indexes[used - 1] ?? 0);
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
        values.push(bucketValue(index));
        kept.push(count);
        total += count;
      }
      if (total === 0) return EMPTY_HISTOGRAM;
      return { valuesNs: Float64Array.from(values), counts: Float64Array.from(kept), total };
    },
  };
}

/** The inflated payload up to its end. A text in another layout, or none at all, throws RangeError. */
function payloadOf(base64: string): Buffer {
  const packed = Buffer.from(base64, 'base64');
  let payload: Buffer;
  try {
    payload = inflateSync(packed.subarray(COMPRESSED_HEADER_BYTES));
  } catch {
    // The record's decoder says what is wrong with it.
    decodeHistogram(base64);
    throw new RangeError('not a compressed HdrHistogram V2');
  }
  const known =
    payload.length >= PAYLOAD_HEADER_BYTES &&
    payload.readInt32BE(DIGITS_OFFSET) === DIGITS &&
    payload.readBigInt64BE(LOWEST_OFFSET) === 1n;
  if (!known) {
    decodeHistogram(base64);
    throw new RangeError('an HdrHistogram in another layout than 1 ns to 1 h with 3 digits');
  }
  return payload.subarray(0, PAYLOAD_HEADER_BYTES + payload.readInt32BE(4));
}
