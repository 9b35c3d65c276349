/** Quantities with units, as people write them: `300ms`, `16KiB`, `2000/s`, `5%`. */

/** `problem` completes "`slices.duration` …". */
export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly problem: string };

export interface UnitTable {
  /** What the quantity is called: "a duration". */
  readonly noun: string;
  /** Factor of each unit, spelt as it must be written; the first of equal factors is the usual spelling. */
  readonly factors: Readonly<Record<string, number>>;
  /** Two or three well-formed ones, for messages. */
  readonly examples: readonly string[];
}

/** Milliseconds. */
export const DURATION: UnitTable = {
  noun: 'a duration',
  factors: { µs: 0.001, us: 0.001, μs: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 },
  examples: ['300ms', '2s', '1m'],
};

/** Bytes. KiB is 1024 (IEC 80000-13), KB and kB are 1000. */
export const SIZE: UnitTable = {
  noun: 'a size',
  factors: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 },
  examples: ['16KiB', '1MB', '512B'],
};

/** Per second. */
export const RATE: UnitTable = {
  noun: 'a rate',
  factors: { '/s': 1, '/sec': 1, '/min': 1 / 60, '/m': 1 / 60 },
  examples: ['2000/s', '600/min'],
};

/** Bytes per second. */
export const BYTE_RATE: UnitTable = {
  noun: 'a rate of bytes',
  factors: { 'B/s': 1, 'KiB/s': 2 ** 10, 'MiB/s': 2 ** 20, 'kB/s': 1e3, 'KB/s': 1e3, 'MB/s': 1e6 },
  examples: ['64KiB/s', '1MB/s'],
};

/** A fraction: 5 % is 0.05. */
export const PERCENT: UnitTable = {
  noun: 'a percentage',
  factors: { '%': 0.01 },
  examples: ['5%', '0.5%'],
};

// A number in decimal, perhaps with an exponent, then whatever follows as the unit.
const NUMBER_AND_UNIT = /^([+-]?(?:\d+(?:_\d{3})*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/iu;

/** Reads a quantity in the table's base unit. */
export function parseQuantity(text: string, table: UnitTable): Quantity {
  const examples = table.examples.map((example) => `\`${example}\``).join(' or ');
  const match = NUMBER_AND_UNIT.exec(text.trim());
  const digits = match?.[1]?.replaceAll('_', '');
  const unit = match?.[2];
  if (digits === undefined || unit === undefined) {
    return { ok: false, problem: `must be ${table.noun} such as ${examples}` };
  }
  const units = Object.keys(table.factors);
  if (unit === '') {
    return { ok: false, problem: `needs a unit; write ${table.noun} such as ${examples}` };
  }
  const factor = Object.hasOwn(table.factors, unit) ? table.factors[unit] : undefined;
  if (factor === undefined) {
    // Only a difference in case is surely a slip; "5MS" is not taken for "5ms" because M means two things.
    const sameLetters = units.find((known) => known.toLowerCase() === unit.toLowerCase());
    const mend = sameLetters === undefined ? `use ${examples}` : `did you mean \`${digits}${sameLetters}\`?`;
    return { ok: false, problem: `has an unknown unit; ${mend}` };
  }
  // Division where the factor is a fraction: 5 × 0.01 is 0.05, but 7 × 0.01 is 0.07000000000000001.
  const value = factor < 1 ? Number(digits) / Math.round(1 / factor) : Number(digits) * factor;
  return { ok: true, value };
}
