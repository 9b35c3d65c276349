/**
 * Latency histograms: HdrHistogram's V2 compressed encoding in, sorted buckets out.
 *
 * A decoded histogram holds only its non-empty buckets, because a dense one of 1 ns to 1 h has 33,792 and a
 * report of 2,000 slices would hold half a gigabyte. The payload is read directly (about 30 µs a histogram):
 * hdr-histogram-js needs ten times as long, as it fills a dense array first; the tests compare the two.
 */
import { inflateSync } from 'node:zlib';
import hdr, { type Histogram as HdrHistogram } from 'hdr-histogram-js';

/** Immutable; `valuesNs` ascends and holds the highest value of each bucket, `counts` its number of samples. */
export interface Histogram {
  readonly valuesNs: Float64Array;
  readonly counts: Float64Array;
  readonly total: number;
}

export const EMPTY_HISTOGRAM: Histogram = {
  valuesNs: new Float64Array(0),
  counts: new Float64Array(0),
  total: 0,
};

/** Relative width of a bucket at 3 significant digits: 1/1024, the most that a value read back can be too high. */
export const HISTOGRAM_RESOLUTION = 1 / 1024;

export const HIGHEST_NS = 3_600_000_000_000;
const SIGNIFICANT_DIGITS = 3;

/** Cookies without the word-size nibble; HdrHistogram, AbstractHistogram.java, "V2EncodingCookieBase". */
const COMPRESSED_COOKIE = 0x1c849304;
const PAYLOAD_COOKIE = 0x1c849303;
const COMPRESSED_HEADER_BYTES = 8;
const PAYLOAD_HEADER_BYTES = 40;

/**
 * The non-empty buckets of one encoding, as its counts stand: for whoever sums thousands of encodings and cannot
 * afford a list of values for each. Read into again and again; only the first `used` places of the arrays hold.
 */
export interface EncodedBuckets {
  indexes: Float64Array;
  counts: Float64Array;
  used: number;
  /** Buckets in each doubling of the layout, and log2 of its smallest unit in ns. */
  halfCount: number;
  unitMagnitude: number;
}

/** Room for the buckets of one encoding; it grows where one needs more. */
export function createEncodedBuckets(): EncodedBuckets {
  return {
    indexes: new Float64Array(0),
    counts: new Float64Array(0),
    used: 0,
    halfCount: 0,
    unitMagnitude: 0,
  };
}

/** Doublings that 64-bit values have: no layout has buckets beyond them. */
const MOST_DOUBLINGS = 65;

/**
 * Reads base64 of HdrHistogram's V2 compressed encoding into `into`, whose former contents are gone. Throws
 * RangeError when the text is no such histogram; then `into` is empty.
 */
export function readEncodedBuckets(base64: string, into: EncodedBuckets): void {
  into.used = 0;
  const payload = inflatePayload(Buffer.from(base64, 'base64'));
  const length = payload.readInt32BE(4);
  const digits = payload.readInt32BE(12);
  const lowest = Number(payload.readBigInt64BE(16));
  const end = PAYLOAD_HEADER_BYTES + length;
  if (length < 0 || end > payload.length || digits < 0 || digits > 5 || lowest < 1) {
    throw new RangeError('not an HdrHistogram V2 payload: its header contradicts its length');
  }
  if (into.indexes.length < length) {
    // Each bucket takes a byte at least.
    into.indexes = new Float64Array(length);
    into.counts = new Float64Array(length);
  }
  const { indexes, counts } = into;
  const halfCount = 2 ** (Math.ceil(Math.log2(2 * 10 ** digits)) - 1);
  let used = 0;
  let index = 0;
  let offset = PAYLOAD_HEADER_BYTES;
  while (offset < end) {
    // ZigZag LEB128: seven bits a byte, low bits first, and a ninth byte that carries eight. Multiplied, because a
    // JavaScript shift drops everything above 32 bits; most words are one byte and take no loop.
    let byte = payload[offset++] ?? 0;
    let word = byte;
    if (byte >= 128) {
      word = byte & 0x7f;
      let scale = 128;
      for (let bytes = 1; byte >= 128 && bytes < 9; bytes++) {
        if (offset >= end) throw new RangeError('not an HdrHistogram V2 payload: it ends inside a count');
        byte = payload[offset++] ?? 0;
        word += (bytes < 8 ? byte & 0x7f : byte) * scale;
        scale *= 128;
      }
    }
    if (word % 2 === 1) {
      index += (word + 1) / 2; // A negative word is a run of that many empty buckets.
      continue;
    }
    if (word > 0) {
      indexes[used] = index;
      counts[used] = word / 2;
      used++;
    }
    index++;
  }
  if (index > halfCount * MOST_DOUBLINGS) {
    throw new RangeError('not an HdrHistogram V2 payload: it has more buckets than 64-bit values');
  }
  into.used = used;
  into.halfCount = halfCount;
  into.unitMagnitude = Math.floor(Math.log2(lowest));
}

/** Decoding is synchronous, so that all calls can share one room. */
const decoded = createEncodedBuckets();

/**
 * Decodes base64 of HdrHistogram's V2 compressed encoding. A bucket's value is its highest equivalent value,
 * which is what HdrHistogram's own percentiles return. Throws RangeError when the text is no such histogram.
 */
export function decodeHistogram(base64: string): Histogram {
  readEncodedBuckets(base64, decoded);
  const { used, halfCount, unitMagnitude } = decoded;
  let total = 0;
  for (let i = 0; i < used; i++) total += decoded.counts[i] ?? 0;
  return {
    valuesNs: decoded.indexes.slice(0, used).map((index) => bucketValueNs(index, halfCount, unitMagnitude)),
    counts: decoded.counts.slice(0, used),
    total,
  };
}

function inflatePayload(bytes: Buffer): Buffer {
  if (
    bytes.length < COMPRESSED_HEADER_BYTES ||
    (bytes.readUInt32BE(0) & ~0xf0) >>> 0 !== (COMPRESSED_COOKIE & ~0xf0) >>> 0
  ) {
    throw new RangeError('not a compressed HdrHistogram V2: the cookie is missing');
  }
  let payload: Buffer;
  try {
    payload = inflateSync(
      bytes.subarray(COMPRESSED_HEADER_BYTES, COMPRESSED_HEADER_BYTES + bytes.readInt32BE(4)),
    );
  } catch (cause) {
    throw new RangeError('not a compressed HdrHistogram V2: the contents do not inflate', { cause });
  }
  if (
    payload.length < PAYLOAD_HEADER_BYTES ||
    (payload.readUInt32BE(0) & ~0xf0) >>> 0 !== (PAYLOAD_COOKIE & ~0xf0) >>> 0
  ) {
    throw new RangeError('not an HdrHistogram V2 payload: the cookie is missing');
  }
  return payload;
}

/** Highest value in ns that the bucket at `index` holds; HdrHistogram, "valueFromIndex" and "highestEquivalentValue". */
export function bucketValueNs(index: number, halfCount: number, unitMagnitude: number): number {
  const bucket = Math.floor(index / halfCount) - 1;
  // Buckets below the first doubling hold one unit each.
  const subBucket = bucket < 0 ? index : (index % halfCount) + halfCount;
  const width = 2 ** (Math.max(0, bucket) + unitMagnitude);
  return subBucket * width + width - 1;
}

/** All samples of `histograms` in one; lossless where they share a layout. Empty for an empty list. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  // Pair by pair, as a tournament: buckets coincide, so that the partial sums stay small.
  let level = [...histograms];
  while (level.length > 1) {
    const next: Histogram[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i];
      const right = level[i + 1];
      if (left !== undefined) next.push(right === undefined ? left : mergeTwo(left, right));
    }
    level = next;
  }
  return level[0] ?? EMPTY_HISTOGRAM;
}

function mergeTwo(a: Histogram, b: Histogram): Histogram {
  const capacity = a.valuesNs.length + b.valuesNs.length;
  const values = new Float64Array(capacity);
  const counts = new Float64Array(capacity);
  let i = 0;
  let j = 0;
  let size = 0;
  while (i < a.valuesNs.length || j < b.valuesNs.length) {
    const left = a.valuesNs[i] ?? Number.POSITIVE_INFINITY;
    const right = b.valuesNs[j] ?? Number.POSITIVE_INFINITY;
    const value = Math.min(left, right);
    let count = 0;
    if (left === value) count += a.counts[i++] ?? 0;
    if (right === value) count += b.counts[j++] ?? 0;
    values[size] = value;
    counts[size] = count;
    size++;
  }
  return { valuesNs: values.slice(0, size), counts: counts.slice(0, size), total: a.total + b.total };
}

/** Rank, from 1, of the sample that is the quantile `q`: the smallest with at least a share `q` at or below it. */
function rankOf(total: number, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile ${q} is not between 0 and 1`);
  // The tolerance keeps 0.99 × 1000 = 990.0000000000001 at rank 990.
  return Math.min(total, Math.max(1, Math.ceil(q * total - 1e-9 * total)));
}

/** Quantile in ns: the value with at least a share `q` of the samples at or below it. Throws RangeError when empty. */
export function quantileNs(histogram: Histogram, q: number): number {
  const rank = rankOf(histogram.total, q);
  let seen = 0;
  for (let i = 0; i < histogram.counts.length; i++) {
    seen += histogram.counts[i] ?? 0;
    if (seen >= rank) return histogram.valuesNs[i] ?? Number.NaN;
  }
  throw new RangeError('an empty histogram has no quantiles');
}

/** Number of samples that rank above the quantile `q`. A percentile with fewer than 10 is not worth printing. */
export function samplesAbove(histogram: Histogram, q: number): number {
  return histogram.total === 0 ? 0 : histogram.total - rankOf(histogram.total, q);
}

export interface LatencyRecorder {
  /** Records one latency in ns; below 1 counts as 1, above 1 h as 1 h, so that a timeout is never lost. */
  record(ns: number): void;
  readonly count: number;
  /** Base64 of HdrHistogram's V2 compressed encoding: 1 ns to 1 h, 3 significant digits. */
  encode(): string;
  reset(): void;
}

/** A recorder for drivers written in TypeScript; allocates its 270 KB once, so reuse it by `reset`. */
export function createLatencyRecorder(): LatencyRecorder {
  const histogram = emptyHistogram();
  return {
    record: (ns) => histogram.recordValue(Math.min(HIGHEST_NS, Math.max(1, Math.round(ns)))),
    get count() {
      return histogram.totalCount;
    },
    encode: () => hdr.encodeIntoCompressedBase64(histogram),
    reset: () => histogram.reset(),
  };
}

/** In the layout of this project. */
export function emptyHistogram(): HdrHistogram {
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    bitBucketSize: 64,
    useWebAssembly: false,
  });
}
