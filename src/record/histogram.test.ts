import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import hdr from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import {
  createLatencyRecorder,
  decodeHistogram,
  EMPTY_HISTOGRAM,
  mergeHistograms,
  quantileNs,
  samplesAbove,
} from './histogram.js';
import { mergeEncodedHistograms } from './histogram-sum.js';

function encode(valuesNs: readonly number[]): string {
  const recorder = createLatencyRecorder();
  for (const value of valuesNs) recorder.record(value);
  return recorder.encode();
}

/** A payload as the encoding wraps it. */
function packed(payload: Buffer): string {
  const body = deflateSync(payload);
  const header = Buffer.from(encode([]), 'base64').subarray(0, 8);
  header.writeInt32BE(body.length, 4);
  return Buffer.concat([header, body]).toString('base64');
}

const nanoseconds = fc.integer({ min: 1, max: 3_600_000_000_000 });

describe('decodeHistogram', () => {
  it('agrees with hdr-histogram-js on every percentile, to 1 h and past 32 bits', () => {
    fc.assert(
      fc.property(
        fc.array(nanoseconds, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const encoded = encode(values);
          const oracle = hdr.decodeFromCompressedBase64(encoded, 64);
          const decoded = decodeHistogram(encoded);
          expect(decoded.total).toBe(oracle.totalCount);
          expect(decoded.valuesNs.at(-1)).toBe(oracle.maxValue);
          // The library rounds the rank to the nearest sample, so compare at ranks both agree on.
          const rank = Math.max(1, Math.round((percent / 100) * values.length));
          expect(quantileNs(decoded, rank / values.length)).toBe(
            oracle.getValueAtPercentile((100 * rank) / values.length),
          );
        },
      ),
      { seed: 11, numRuns: 150 },
    );
  });

  it('keeps values above 2^31 ns within three digits', () => {
    const decoded = decodeHistogram(encode([5e9, 2 ** 31 + 5, 3.5e12, 1]));
    expect([...decoded.valuesNs]).toEqual([1, 2149580799, 5003804671, 3500398346239]);
    expect([...decoded.counts]).toEqual([1, 1, 1, 1]);
  });

  it('reads counts above 2^31 exactly', () => {
    const big = hdr.build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 3.6e12,
      bitBucketSize: 64,
      useWebAssembly: false,
    });
    big.recordValueWithCount(1500, 5_000_000_000);
    big.recordValueWithCount(900_000, 3);
    const decoded = decodeHistogram(hdr.encodeIntoCompressedBase64(big));
    expect([...decoded.counts]).toEqual([5_000_000_000, 3]);
  });

  it('refuses text that is no histogram', () => {
    expect(() => decodeHistogram('')).toThrow(RangeError);
    expect(() => decodeHistogram('aGVsbG8gd29ybGQ=')).toThrow(/cookie/);
    const good = Buffer.from(encode([1, 2, 3]), 'base64');
    expect(() => decodeHistogram(good.subarray(0, 20).toString('base64'))).toThrow(RangeError);
  });

  it.each([
    ['ends inside a count', [0x80], /inside a count/],
    ['has more buckets than there are values', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], /more buckets/],
  ])('refuses counts that %s', (_, counts, message) => {
    const payload = inflateSync(Buffer.from(encode([]), 'base64').subarray(8)).subarray(0, 40);
    payload.writeInt32BE(counts.length, 4);
    expect(() => decodeHistogram(packed(Buffer.concat([payload, Buffer.from(counts)])))).toThrow(message);
  });

  it('reads or refuses whatever counts a payload has, and never fails otherwise', () => {
    const header = inflateSync(Buffer.from(encode([]), 'base64').subarray(8)).subarray(0, 40);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 255 }), (bytes, length) => {
        const payload = Buffer.concat([header, bytes]);
        payload.writeInt32BE(length, 4);
        try {
          const { valuesNs, counts, total } = decodeHistogram(packed(payload));
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
          expect([...valuesNs]).toEqual([...valuesNs].sort((a, b) => a - b));
        } catch (fault) {
          expect(fault).toBeInstanceOf(RangeError);
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('mergeHistograms', () => {
  it('is the histogram of all samples together, in whatever order', () => {
    const lists = fc.array(fc.array(nanoseconds, { minLength: 1, maxLength: 60 }), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(lists, (parts) => {
        const merged = mergeHistograms(parts.map((part) => decodeHistogram(encode(part))));
        expect(merged).toEqual(decodeHistogram(encode(parts.flat().reverse())));
      }),
      { seed: 12, numRuns: 60 },
    );
  });

  it('of nothing is empty', () => {
    expect(mergeHistograms([])).toBe(EMPTY_HISTOGRAM);
  });
});

describe('mergeEncodedHistograms', () => {
  it('is the encoding of all samples recorded in one, whatever their values', () => {
    fc.assert(
      fc.property(fc.array(fc.array(nanoseconds, { maxLength: 60 }), { maxLength: 5 }), (parts) => {
        const merged = decodeHistogram(mergeEncodedHistograms(parts.map(encode)));
        expect(merged).toEqual(decodeHistogram(encode(parts.flat())));
      }),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe('quantiles', () => {
  const thousand = decodeHistogram(encode(Array.from({ length: 1000 }, (_, i) => i + 1)));

  it('are the sample with that share at or below it', () => {
    expect(quantileNs(thousand, 0)).toBe(1);
    expect(quantileNs(thousand, 0.5)).toBe(500);
    expect(quantileNs(thousand, 0.99)).toBe(990);
    expect(quantileNs(thousand, 0.9901)).toBe(991);
    expect(quantileNs(thousand, 1)).toBe(1000);
  });

  it('count the samples that rank above', () => {
    expect(samplesAbove(thousand, 0.99)).toBe(10);
    expect(samplesAbove(thousand, 0.999)).toBe(1);
    expect(samplesAbove(EMPTY_HISTOGRAM, 0.5)).toBe(0);
  });

  it('of an empty histogram do not exist', () => {
    expect(() => quantileNs(EMPTY_HISTOGRAM, 0.5)).toThrow(RangeError);
    expect(() => quantileNs(thousand, 1.5)).toThrow(RangeError);
  });
});

describe('createLatencyRecorder', () => {
  it('keeps what lies outside its range at the edge', () => {
    const decoded = decodeHistogram(encode([0, -5, 0.2, 9e12]));
    expect(decoded.total).toBe(4);
    expect(decoded.valuesNs[0]).toBe(1);
    expect(decoded.valuesNs.at(-1)).toBeGreaterThan(3.59e12);
  });

  it('starts again after a reset', () => {
    const recorder = createLatencyRecorder();
    recorder.record(5);
    recorder.reset();
    recorder.record(7);
    expect(recorder.count).toBe(1);
    expect([...decodeHistogram(recorder.encode()).valuesNs]).toEqual([7]);
  });
});
