/**
 * Random numbers of a plan: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014). A stream is addressed by numbers, so that what a block draws does not depend on what was drawn before.
 */

const MASK = (1n << 64n) - 1n;
const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;

function mix(state: bigint): bigint {
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

export interface RandomStream {
  /** Uniform in [0, 2^64). */
  next64(): bigint;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, 2^32). */
  next32(): number;
  /** A shuffled copy: drawn one by one without replacement (Fisher and Yates 1938). */
  shuffled<T>(items: readonly T[]): T[];
}

/** The generator as published: `seed` is its first state. */
export function splitmix64(seed: bigint): RandomStream {
  let state = seed & MASK;
  const next64 = (): bigint => {
    state = (state + GOLDEN_GAMMA) & MASK;
    return mix(state);
  };
  const uniform = (): number => Number(next64() >> 11n) / 2 ** 53;
  return {
    next64,
    uniform,
    next32: () => Number(next64() >> 32n),
    shuffled: (items) => {
      const left = [...items];
      const drawn: typeof left = [];
      while (left.length > 0) drawn.push(...left.splice(Math.floor(uniform() * left.length), 1));
      return drawn;
    },
  };
}

/** The stream with this address: each number is mixed in, so that neighbouring addresses share nothing. */
export function streamAt(...address: readonly number[]): RandomStream {
  let state = 0n;
  for (const part of address) state = mix((state + BigInt(part) + GOLDEN_GAMMA) & MASK);
  return splitmix64(state);
}
