/** What options of the command line are given, in the units that the rest works in; what is none is told by commander. */
import { InvalidArgumentError } from 'commander';
import { DURATION, PERCENT, parseQuantity, RATE } from '../scenario/index.js';

/** A reader of whole numbers from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`give a whole number from ${least}, not "${text}".`);
    }
    return value;
  };
}

/** A duration as scenarios write it, in milliseconds. */
export function duration(text: string): number {
  const parsed = parseQuantity(text, DURATION);
  if (!parsed.ok) throw new InvalidArgumentError(`"${text}" ${parsed.problem}.`);
  return parsed.value;
}

/** Requests per second, with or without the unit. */
export function rate(text: string): number {
  const parsed = parseQuantity(/^[\d._]+$/.test(text) ? `${text}/s` : text, RATE);
  if (!parsed.ok) throw new InvalidArgumentError(`"${text}" ${parsed.problem}.`);
  if (!(parsed.value > 0 && parsed.value <= 1e6)) {
    throw new InvalidArgumentError(`"${text}" is no rate between 0 and 1000000/s.`);
  }
  return parsed.value;
}

export function rates(text: string): number[] {
  return text.split(',').map((one) => rate(one.trim()));
}

/** A share above 0 and below 1, as a percentage. */
export function share(text: string): number {
  const parsed = parseQuantity(text, PERCENT);
  if (!parsed.ok) throw new InvalidArgumentError(`"${text}" ${parsed.problem}.`);
  if (!(parsed.value > 0 && parsed.value < 1))
    throw new InvalidArgumentError(`"${text}" is not between 0% and 100%.`);
  return parsed.value;
}
