/** Seeded random numbers, so that every interval and every simulation can be repeated to the last digit. */

export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal, by Marsaglia's polar method. */
  normal(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** A shuffled copy (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[];
}

/** sfc32 (C. Doty-Humphrey, PractRand) seeded by one integer; it passes PractRand far beyond what we draw. */
export function createRandom(seed: number): Random {
  let a = seed | 0;
  let b = (seed / 2 ** 32) | 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();

  let spare: number | null = null;
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const x = 2 * next() - 1;
      const y = 2 * next() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * Math.log(square)) / square);
        spare = y * scale;
        return x * scale;
      }
    }
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    uniform: next,
    normal,
    integer,
    shuffled: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const left = copy[i];
        const right = copy[j];
        if (left !== undefined && right !== undefined) {
          copy[i] = right;
          copy[j] = left;
        }
      }
      return copy;
    },
  };
}
