import fc from 'fast-check';
import hdr from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { createLatencyRecorder, decodeHistogram, mergeHistograms, quantileNs } from './histogram.js';
import { createHistogramSum, sumHistograms } from './histogram-sum.js';

const recorder = createLatencyRecorder();

function encoded(values: readonly number[]): string {
  recorder.reset();
  for (const value of values) recorder.record(value);
  return recorder.encode();
}

const latency = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.double({ min: 2 ** 31, max: 3.6e12, noNaN: true }),
);

test('sums histograms exactly as the record decodes and merges them', () => {
  fc.assert(
    fc.property(fc.array(fc.array(latency, { maxLength: 60 }), { minLength: 1, maxLength: 5 }), (slices) => {
      const texts = slices.map(encoded);
      const sum = createHistogramSum();
      for (const text of texts) sum.add(text);
      expect(sum.total()).toEqual(mergeHistograms(texts.map(decodeHistogram)));
    }),
  );
});

test('tells the percentiles of each histogram that it adds', () => {
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (values) => {
      const text = encoded(values);
      const alone = decodeHistogram(text);
      expect(createHistogramSum().addAndMeasure(text)).toEqual({
        p50Ns: quantileNs(alone, 0.5),
        p99Ns: quantileNs(alone, 0.99),
        maxNs: quantileNs(alone, 1),
      });
    }),
  );
});

test('an empty histogram has no percentiles', () => {
  expect(createHistogramSum().addAndMeasure(encoded([]))).toBeNull();
});

test('counts beyond 32 bits are not cut', () => {
  const many = createHistogramSum();
  const text = encoded(Array.from({ length: 70_000 }, () => 1000));
  for (let i = 0; i < 20; i++) many.add(text);
  expect(many.total().total).toBe(1_400_000);
});

test('a text that is no histogram is refused', () => {
  expect(() => createHistogramSum().add('bm8gaGlzdG9ncmFtIGF0IGFsbA==')).toThrow(RangeError);
});

test('a histogram in another layout is added by its values', () => {
  const coarse = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3.6e12,
    numberOfSignificantValueDigits: 2,
  });
  coarse.recordValue(5_000_000);
  const other = hdr.encodeIntoCompressedBase64(coarse);
  const own = encoded([1000, 2000]);
  expect(sumHistograms([own, other])).toEqual(mergeHistograms([own, other].map(decodeHistogram)));
  expect(createHistogramSum().addAndMeasure(other)?.p50Ns).toBe(quantileNs(decodeHistogram(other), 0.5));
});
