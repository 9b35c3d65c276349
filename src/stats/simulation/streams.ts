/** Made-up streams of replicas for the simulation of sequential decisions: what a run would see, one replica after another. */
import type { Random } from '../random.js';
import type { PairedUnit } from './intervals.js';
import { POPULATIONS } from './populations.js';

export interface ReplicaStream {
  readonly name: string;
  readonly meaning: string;
  /** Totals of so many replicas whose true ratio is `ratio`. */
  readonly draw: (random: Random, replicas: number, ratio: number) => PairedUnit[];
}

/** Rounds that one set of processes serves. */
const ROUNDS = 6;
/** Standard deviations, as shares of the cost: of one side's round, and of one side's start of its processes. */
const ROUND_SPREAD = 0.05;
const RESTART_SPREAD = 0.02;

type Noise = () => number;

interface RoundNoise {
  readonly noiseOf: (random: Random) => Noise;
  /** Whether fresh processes have fresh noise, or go on with that of the last ones. */
  readonly ends: 'with the replica' | 'never';
  /** What both sides of each round share, first and second. */
  readonly sharedOf?: (random: Random, rounds: number) => readonly (readonly [number, number])[];
}

/** Totals of rounds: each side's own noise and luck of its start, times what both sides share. */
function rounds({ noiseOf, ends, sharedOf = () => [] }: RoundNoise): ReplicaStream['draw'] {
  return (random, replicas, ratio) => {
    let [ownNoise, otherNoise] = [noiseOf(random), noiseOf(random)];
    const shared = sharedOf(random, replicas * ROUNDS);
    return Array.from({ length: replicas }, (_, replica) => {
      if (ends === 'with the replica') [ownNoise, otherNoise] = [noiseOf(random), noiseOf(random)];
      const [ownLuck, otherLuck] = [
        1 + RESTART_SPREAD * random.normal(),
        1 + RESTART_SPREAD * random.normal(),
      ];
      let candidate = 0;
      let baseline = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const [own, other] = shared[replica * ROUNDS + round] ?? [1, 1];
        candidate += ratio * ownLuck * own * atLeast(1 + ROUND_SPREAD * ownNoise());
        baseline += otherLuck * other * atLeast(1 + ROUND_SPREAD * otherNoise());
      }
      return { candidate, baseline };
    });
  };
}

/** A cost is above 0 even where the tail of its noise is not. */
function atLeast(cost: number): number {
  return Math.max(0.05, cost);
}

/** Student's t with 3 degrees of freedom, scaled to a standard deviation of 1. */
const heavyTailed =
  (random: Random): Noise =>
  () => {
    const chiSquare = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
    return random.normal() / Math.sqrt(chiSquare);
  };

/** AR(1): each round keeps this share of the one before it, across replicas too. */
const autocorrelated =
  (kept: number) =>
  (random: Random): Noise => {
    let last = random.normal();
    return () => {
      last = kept * last + Math.sqrt(1 - kept * kept) * random.normal();
      return last;
    };
  };

/** Machine steps by up to 40 %, one in 20 rounds, that come before, between or after the two sides of a round. */
function steps(random: Random, count: number): (readonly [number, number])[] {
  let level = 1;
  return Array.from({ length: count }, () => {
    const before = level;
    if (random.uniform() < 0.05) level = Math.exp(0.4 * (random.uniform() - 0.5) * 2);
    const sides = [before, level] as const;
    return random.uniform() < 0.5 ? sides : [sides[1], sides[0]];
  });
}

const normal =
  (random: Random): Noise =>
  () =>
    random.normal();

export const NORMAL: ReplicaStream = {
  name: 'normal',
  meaning: 'rounds of 5 %, starts of 2 %',
  draw: rounds({ noiseOf: normal, ends: 'with the replica' }),
};

export const REPLICA_STREAMS: readonly ReplicaStream[] = [
  NORMAL,
  {
    name: 'heavy-tailed',
    meaning: 'the same with t of 3 degrees of freedom',
    draw: rounds({ noiseOf: heavyTailed, ends: 'with the replica' }),
  },
  {
    name: 'autocorrelated',
    meaning: 'each round keeps 0.9 of the last one’s noise, as long as the processes live',
    draw: rounds({ noiseOf: autocorrelated(0.9), ends: 'with the replica' }),
  },
  {
    name: 'steps',
    meaning: 'the machine steps by up to 40 % once in 20 rounds',
    draw: rounds({ noiseOf: normal, ends: 'with the replica', sharedOf: steps }),
  },
  ...POPULATIONS.map(
    ({ name, meaning, draw }): ReplicaStream => ({
      name: `${name} (as above)`,
      meaning,
      draw: (random, replicas, ratio) => Array.from({ length: replicas }, () => draw(random, ratio)),
    }),
  ),
  {
    name: 'across restarts, 0.5',
    meaning:
      'each round keeps half of the last one’s noise whatever is started anew: replicas are not independent',
    draw: rounds({ noiseOf: autocorrelated(0.5), ends: 'never' }),
  },
  {
    name: 'across restarts, 0.9',
    meaning: 'the same with 0.9',
    draw: rounds({ noiseOf: autocorrelated(0.9), ends: 'never' }),
  },
];
