/** Made-up series of runs for the tables of README.md: what a history may look like, with and without a change. */
import type { Random } from '../../stats/index.js';

export interface Stream {
  readonly name: string;
  /** A series of so many values, whose noise has a standard deviation of 1 or about it. */
  readonly draw: (random: Random, length: number) => number[];
  /** The first value of each change, as a share of the length. */
  readonly changes: readonly number[];
}

type Noise = (random: Random, length: number) => number[];

const normal: Noise = (random, length) => Array.from({ length }, () => random.normal());

/** Student's t with 3 degrees of freedom, scaled to a standard deviation of 1. */
const heavyTailed: Noise = (random, length) =>
  Array.from({ length }, () => {
    const chiSquare = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
    return random.normal() / Math.sqrt(chiSquare);
  });

/** Every tenth run met something else: noise eight times as wide. */
const withOutliers: Noise = (random, length) =>
  Array.from({ length }, () => random.normal() * (random.uniform() < 0.1 ? 8 : 1));

/** AR(1): each value keeps this share of the one before it. */
const autocorrelated =
  (kept: number): Noise =>
  (random, length) => {
    let last = random.normal();
    return Array.from({ length }, () => {
      last = kept * last + Math.sqrt(1 - kept * kept) * random.normal();
      return last;
    });
  };

/** The mean is `size` higher from the first share of the series to the next, where there is one. */
function shifted(name: string, noise: Noise, size: number, changes: readonly number[]): Stream {
  return {
    name,
    changes,
    draw: (random, length) => {
      const [from = 1, to = 1] = changes;
      return noise(random, length).map((value, index) =>
        index >= Math.round(from * length) && index < Math.round(to * length) ? value + size : value,
      );
    },
  };
}

function unchanged(name: string, draw: Noise): Stream {
  return { name, draw, changes: [] };
}

export const STREAMS: readonly Stream[] = [
  unchanged('nothing changes', normal),
  unchanged('nothing changes, heavy tails', heavyTailed),
  unchanged('nothing changes, one run in ten an outlier', withOutliers),
  unchanged('neighbours correlate by 0.2', autocorrelated(0.2)),
  unchanged('neighbours correlate by 0.5', autocorrelated(0.5)),
  shifted('shift by 1 σ', normal, 1, [0.5]),
  shifted('shift by 2 σ', normal, 2, [0.5]),
  shifted('shift by 3 σ', normal, 3, [0.5]),
  shifted('shift by 3 σ, one run in ten an outlier', withOutliers, 3, [0.5]),
  shifted('shift by 3 σ and back', normal, 3, [0.4, 0.6]),
];
