/**
 * Numbers as a reader meets them: sensible digits, a unit that fits, a real minus sign. Used by every form of
 * report, so that the same number never appears in two spellings.
 */
/** The units of the catalogue of metrics; spelled out, because the page's own script uses this module too. */
export type Unit = 'ms' | 'µs' | 'requests/s' | 'bytes' | 'objects' | 'count' | 'fraction';

const MINUS = '\u2212';
/** Between a number and its unit, so that a line never breaks there. */
const NBSP = '\u00a0';

const fixedFormats = new Map<number, Intl.NumberFormat>();

/** `value` with exactly `decimals` digits after the point, thousands separated, U+2212 as minus, never "−0". */
export function fixed(value: number, decimals: number): string {
  let format = fixedFormats.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat('en-US', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: 'negative',
    });
    fixedFormats.set(decimals, format);
  }
  return format.format(value).replace('-', MINUS);
}

/** Five significant digits for a chart: finer than a pixel, and a third of the bytes. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

/** An integer with thousands separated. */
export function count(value: number): string {
  return fixed(Math.round(value), 0);
}

/** Digits after the point that leave `digits` significant ones in `magnitude`; between 0 and 9. */
function decimalsFor(magnitude: number, digits: number): number {
  const size = Math.abs(magnitude);
  if (size === 0 || !Number.isFinite(size)) return 0;
  return Math.min(9, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

/** `value` with three significant digits; integers below ten thousand stay whole. */
export function significant(value: number, digits = 3): string {
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return count(value);
  return fixed(value, decimalsFor(value, digits));
}

interface Scale {
  readonly factor: number;
  readonly symbol: string;
}

/** The scale of a unit in which `magnitude` (in that unit) is comfortable to read. */
function scaleFor(magnitude: number, unit: Unit): Scale {
  const size = Math.abs(magnitude);
  switch (unit) {
    case 'ms':
      if (size >= 10_000) return { factor: 1e-3, symbol: 's' };
      if (size >= 1 || size === 0) return { factor: 1, symbol: 'ms' };
      return { factor: 1e3, symbol: 'µs' };
    case 'µs':
      if (size >= 10_000) return { factor: 1e-3, symbol: 'ms' };
      return { factor: 1, symbol: 'µs' };
    case 'bytes':
      if (size >= 1024 ** 3) return { factor: 1024 ** -3, symbol: 'GiB' };
      if (size >= 1024 ** 2) return { factor: 1024 ** -2, symbol: 'MiB' };
      if (size >= 1024) return { factor: 1 / 1024, symbol: 'KiB' };
      return { factor: 1, symbol: 'B' };
    case 'fraction':
      return { factor: 100, symbol: '%' };
    case 'requests/s':
      return { factor: 1, symbol: 'requests/s' };
    case 'objects':
    case 'count':
      return { factor: 1, symbol: '' };
  }
}

function withSymbol(text: string, symbol: string): string {
  return symbol === '' ? text : `${text}${NBSP}${symbol}`;
}

/** One value with its unit: 0.0421 ms is "42.1 µs", 65536 bytes "64 KiB", 0.0123 as a fraction "1.23 %". */
export function quantity(value: number, unit: Unit): string {
  const scale = scaleFor(value, unit);
  return withSymbol(significant(value * scale.factor), scale.symbol);
}

export interface IntervalText {
  readonly value: string;
  readonly low: string;
  readonly high: string;
}

/**
 * A value and its interval in one scale and with one number of decimals: enough for two significant digits of
 * the interval's width or three of the value, whichever is more, but never more than four of the value.
 */
export function quantityInterval(value: number, low: number, high: number, unit: Unit): IntervalText {
  // Ends a hundredfold apart have no scale in common: the value would be printed as 0.
  if (low > 0 && high > 100 * low) {
    return { value: quantity(value, unit), low: quantity(low, unit), high: quantity(high, unit) };
  }
  const magnitude = Math.max(Math.abs(value), Math.abs(low), Math.abs(high));
  const scale = scaleFor(magnitude, unit);
  const width = (high - low) * scale.factor;
  const decimals = Math.min(
    Math.max(decimalsFor(magnitude * scale.factor, 3), width > 0 ? decimalsFor(width, 2) : 0),
    decimalsFor(magnitude * scale.factor, 4),
  );
  const text = (x: number) => withSymbol(fixed(x * scale.factor, decimals), scale.symbol);
  return { value: text(value), low: text(low), high: text(high) };
}

/** The same with a sign on every number: differences. */
export function differenceInterval(value: number, low: number, high: number, unit: Unit): IntervalText {
  const plain = quantityInterval(value, low, high, unit);
  return { value: signed(plain.value), low: signed(plain.low), high: signed(plain.high) };
}

/** Puts a plus before a text that is neither negative nor zero. */
function signed(text: string): string {
  return text.startsWith(MINUS) || !/[1-9]/.test(text) ? text : `+${text}`;
}

/** Ratio as a change: 0.62 is "−38.0 %", 1.051 "+5.1 %"; from 3 up "3.40×". */
export function change(ratio: number, decimals = 1): string {
  if (ratio >= 3) return `${fixed(ratio, decimalsFor(ratio, 3))}×`;
  return signed(withSymbol(fixed((ratio - 1) * 100, decimals), '%'));
}

/** A ratio and its interval as changes, with decimals that suit the width: ±20 % needs none, ±0.2 % two. */
export function changeInterval(ratio: number, low: number, high: number): IntervalText {
  if (Math.max(ratio, high) >= 3) {
    const decimals = Math.min(3, Math.max(1, decimalsFor(high - low, 2)));
    const text = (x: number) => `${fixed(x, decimals)}×`;
    return { value: text(ratio), low: text(low), high: text(high) };
  }
  const decimals = changeDecimals(high - low);
  return { value: change(ratio, decimals), low: change(low, decimals), high: change(high, decimals) };
}

/** Decimals of a percentage whose interval is `width` wide (a fraction). */
function changeDecimals(width: number): number {
  const points = Math.abs(width) * 100;
  if (points >= 15) return 0;
  return points >= 1 ? 1 : 2;
}

/** How much more or less, without a sign, for a sentence: 0.38 of a ratio is "62 %", 4.4 "4.40 times". */
export function magnitudeInterval(ratio: number, low: number, high: number): IntervalText {
  const plain = changeInterval(ratio, low, high);
  const bare = (text: string) => text.replace(/^[+\u2212]/, '');
  return { value: bare(plain.value), low: bare(plain.low), high: bare(plain.high) };
}

/** Share in [0, 1] as a percentage; close to either end it keeps the digits that tell it from the end. */
export function share(value: number): string {
  const percent = value * 100;
  if (percent === 0 || percent === 100) return withSymbol(fixed(percent, 0), '%');
  const distance = Math.min(Math.abs(percent), Math.abs(100 - percent));
  const decimals = distance >= 10 ? 0 : distance >= 1 ? 1 : distance >= 0.01 ? 2 : 3;
  return withSymbol(fixed(percent, decimals), '%');
}

/** Coverage of an interval: 0.99 is "99 %", 0.998 "99.8 %", 0.99833 "99.83 %". */
export function coverage(confidence: number): string {
  const percent = Math.round(confidence * 1e4) / 100;
  return withSymbol(String(percent), '%');
}

/** Seconds as a person says them: "48 s", "2 min 5 s", "1 h 4 min". */
export function elapsed(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 1) return withSymbol(fixed(seconds, 1), 's');
  if (whole < 60) return withSymbol(count(whole), 's');
  if (whole < 3600) return joinParts(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  return joinParts(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function joinParts(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  const first = withSymbol(count(major), majorUnit);
  return minor === 0 ? first : `${first} ${withSymbol(String(minor), minorUnit)}`;
}

/** ISO time as "2026-11-24 00:05:09 UTC"; the text itself when it is no time. */
export function timestamp(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
