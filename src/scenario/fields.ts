/** The kinds of field that scenarios are made of, with the messages that say how to mend each. */
import { z } from 'zod';
import { DURATION, PERCENT, parseQuantity, SIZE, type UnitTable } from './quantities.js';

interface Limits {
  readonly from: number;
  readonly to: number;
  /** The limits in words: "from 100ms to 10m". */
  readonly words: string;
}

const NUMBER = String.raw`^[+]?[0-9._]+(e[+-]?[0-9]+)?\s*`;

/** Text with a unit, read into the table's base unit. */
export function quantity(table: UnitTable, limits: Limits) {
  const units = Object.keys(table.factors).join('|');
  const examples = table.examples.map((example) => `\`${example}\``).join(' or ');
  return z
    .string({
      error: ({ input }) => {
        if (typeof input !== 'number') return `must be ${table.noun} such as ${examples}`;
        if (table === PERCENT) {
          return `is ambiguous: a bare number may be a fraction or a percentage; write it with its sign, as \`5%\``;
        }
        return `needs a unit; write ${table.noun} such as ${examples}`;
      },
    })
    .meta({ pattern: `${NUMBER}(${units})$`, examples: [...table.examples] })
    .transform((text, context) => {
      const read = parseQuantity(text, table);
      if (!read.ok) {
        context.addIssue({ code: 'custom', message: read.problem });
        return z.NEVER;
      }
      if (!(read.value >= limits.from && read.value <= limits.to)) {
        context.addIssue({ code: 'custom', message: `must be ${limits.words}` });
        return z.NEVER;
      }
      return read.value;
    });
}

export const duration = (fromMs: number, toMs: number, words: string) =>
  quantity(DURATION, { from: fromMs, to: toMs, words });

export const size = z
  .union([z.string(), z.number()], { error: 'must be a size such as `16KiB`, `1MB` or a number of bytes' })
  .meta({ examples: ['16KiB', '1MB', 4096] })
  .transform((written, context) => {
    const read =
      typeof written === 'number' || /^\d+$/.test(written) ? bytes(written) : parseQuantity(written, SIZE);
    if (!read.ok) {
      context.addIssue({ code: 'custom', message: read.problem });
      return z.NEVER;
    }
    if (!(Number.isInteger(read.value) && read.value >= 1 && read.value <= 2 ** 30)) {
      context.addIssue({ code: 'custom', message: 'must be a whole number of bytes from 1 to 1GiB' });
      return z.NEVER;
    }
    return read.value;
  });

function bytes(written: string | number) {
  return { ok: true, value: Number(written) } as const;
}

export function wholeNumber(from: number, to: number) {
  const error = `must be a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}

/** Words as "`a`, `b` or `c`". */
export function alternatives(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].join(' or ');
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `must be ${alternatives(words)}` });
}

export function text(longest: number) {
  const error = `must be text of 1 to ${longest} characters`;
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' || typeof input === 'boolean' ? `${error}; put it in quotes` : error,
    })
    .min(1, { error })
    .max(longest, { error });
}

/** A mapping with no other keys than these; `example` is what to write instead of something else. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape, example: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `must be a mapping such as \`${example}\`` : undefined,
  });
}

export function list<Item extends z.ZodType>(item: Item, most: number, example: string, least = 1) {
  const error = `must be a list of ${least} to ${most}, such as \`${example}\``;
  return z.array(item, { error }).min(least, { error }).max(most, { error });
}

export const percent = (limits: Limits) => quantity(PERCENT, limits);

const idError =
  'must be an id: a lower-case letter or digit, then up to 40 lower-case letters, digits or hyphens';
export const variantId = z.string({ error: idError }).regex(/^[a-z0-9][a-z0-9-]{0,40}$/, { error: idError });
export const variantName = z.string({ error: 'must be the id of a variant' });
