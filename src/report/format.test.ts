import { describe, expect, test } from 'vitest';
import {
  change,
  changeInterval,
  coverage,
  differenceInterval,
  elapsed,
  fixed,
  magnitudeInterval,
  quantity,
  quantityInterval,
  share,
  significant,
  timestamp,
} from './format.js';

/** Numbers are kept with their unit by a no-break space; the tests write it as an ordinary one. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const MINUS = '\u2212';

describe('numbers', () => {
  test('have a real minus sign and separated thousands', () => {
    expect(fixed(-1234.5, 1)).toBe(`${MINUS}1,234.5`);
  });
  test('never show a negative zero', () => {
    expect(fixed(-0.001, 1)).toBe('0.0');
    expect(plain(change(0.9999))).toBe('0.0 %');
  });
  test.each([
    [0.042_137, '0.0421'],
    [4, '4'],
    [105.27, '105'],
    [9.996, '10.00'],
    [12_345.6, '12,346'],
    [0, '0'],
  ])('%s keeps three significant digits: %s', (value, text) => {
    expect(significant(value)).toBe(text);
  });
});

describe('quantities', () => {
  test.each([
    [0.0421, 'ms', '42.1 µs'],
    [1.234, 'ms', '1.23 ms'],
    [12_500, 'ms', '12.5 s'],
    [105.27, 'µs', '105 µs'],
    [25_000, 'µs', '25 ms'],
    [512, 'bytes', '512 B'],
    [65_536, 'bytes', '64 KiB'],
    [21_400_000, 'bytes', '20.4 MiB'],
    [0.0123, 'fraction', '1.23 %'],
    [20_500, 'requests/s', '20,500 requests/s'],
    [4.2, 'count', '4.20'],
  ] as const)('%s %s is %s', (value, unit, text) => {
    expect(plain(quantity(value, unit))).toBe(text);
  });

  test('with ends a hundredfold apart have a scale each, so that the value is not printed as 0', () => {
    const text = quantityInterval(61.2, 0.014, 273_000, 'ms');
    expect(plain(text.value)).toBe('61.2 ms');
    expect(plain(text.low)).toBe('14 µs');
    expect(plain(text.high)).toBe('273 s');
  });

  test('share one scale and one number of decimals with their interval', () => {
    const text = quantityInterval(1.234, 0.98, 1.51, 'ms');
    expect([text.value, text.low, text.high].map(plain)).toEqual(['1.23 ms', '0.98 ms', '1.51 ms']);
  });
  test('show more digits where a narrow interval earns them', () => {
    expect(plain(quantityInterval(105.27, 105.11, 105.43, 'µs').value)).toBe('105.3 µs');
  });
  test('as differences always carry a sign', () => {
    const text = differenceInterval(-14, -15.2, 0.4, 'µs');
    expect([text.value, text.low, text.high].map(plain)).toEqual([
      `${MINUS}14.0 µs`,
      `${MINUS}15.2 µs`,
      '+0.4 µs',
    ]);
  });
});

describe('changes', () => {
  test.each([
    [0.877, `${MINUS}12.3 %`],
    [1.051, '+5.1 %'],
    [1, '0.0 %'],
    [4.4, '4.40×'],
  ])('ratio %s is %s', (ratio, text) => {
    expect(plain(change(ratio))).toBe(text);
  });
  test.each([
    [
      [0.97, 0.86, 1.11],
      [`${MINUS}3 %`, `${MINUS}14 %`, '+11 %'],
    ],
    [
      [0.871, 0.842, 0.899],
      [`${MINUS}12.9 %`, `${MINUS}15.8 %`, `${MINUS}10.1 %`],
    ],
    [
      [1.001, 0.998, 1.004],
      ['+0.10 %', `${MINUS}0.20 %`, '+0.40 %'],
    ],
    [
      [3.4, 2.9, 4.1],
      ['3.4×', '2.9×', '4.1×'],
    ],
  ] as const)('%j has as many decimals as its width allows', ([ratio, low, high], texts) => {
    const text = changeInterval(ratio, low, high);
    expect([text.value, text.low, text.high].map(plain)).toEqual(texts);
  });
  test('lose their sign in a sentence that says less or more itself', () => {
    expect(plain(magnitudeInterval(0.38, 0.36, 0.4).value)).toBe('62.0 %');
  });
});

test.each([
  [0, '0 %'],
  [1, '100 %'],
  [0.9994, '99.94 %'],
  [0.034, '3.4 %'],
  [0.5, '50 %'],
  [0.99999, '99.999 %'],
])('share %s is %s: what is not all never reads as all', (value, text) => {
  expect(plain(share(value))).toBe(text);
});

test.each([
  [0.99, '99 %'],
  [0.995, '99.5 %'],
  [1 - 0.01 / 6, '99.83 %'],
])('coverage %s is %s', (value, text) => {
  expect(plain(coverage(value))).toBe(text);
});

test.each([
  [0.4, '0.4 s'],
  [48, '48 s'],
  [125, '2 min 5 s'],
  [3840, '1 h 4 min'],
])('%s seconds are %s', (seconds, text) => {
  expect(plain(elapsed(seconds))).toBe(text);
});

test('a time of day says its zone, and a text that is no time stays as it is', () => {
  expect(timestamp('2026-01-02T03:04:05.678Z')).toBe('2026-01-02 03:04:05 UTC');
  expect(timestamp('yesterday')).toBe('yesterday');
});
