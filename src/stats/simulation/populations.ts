/**
 * Made-up units with the shape of measured ones, for simulations of coverage only: the noise of a slice (spread 0.22
 * in the log at 300 requests), of a batch, which pairing cancels, and of a restart come from runs on shared machines.
 */
import type { Random } from '../random.js';
import type { PairedUnit } from './intervals.js';

export interface Population {
  readonly name: string;
  readonly meaning: string;
  /** One unit; its totals' expectations are `trueRatio` apart. */
  readonly draw: (random: Random, trueRatio: number) => PairedUnit;
}

interface Shape {
  readonly slices: number;
  readonly sliceSpread: number;
  readonly batchSpread: number;
  readonly replicaSpread: number;
  /** Collections per slice and the cost of one, as a share of a slice's mean cost; expectation is their product. */
  readonly candidateGc: { readonly perSlice: number; readonly cost: number };
  readonly baselineGc: { readonly perSlice: number; readonly cost: number };
}

/** Log-normal with mean 1. */
function logNormal(random: Random, spread: number): number {
  return Math.exp(spread * random.normal() - (spread * spread) / 2);
}

/** Poisson by Knuth's product; the means here are small. */
function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  return count;
}

function population(name: string, meaning: string, shape: Shape): Population {
  const total = (random: Random, gc: { perSlice: number; cost: number }): number => {
    let sum = 0;
    for (let i = 0; i < shape.slices; i++) {
      const base = logNormal(random, shape.sliceSpread);
      sum += base * (1 - gc.perSlice * gc.cost) + poisson(random, gc.perSlice) * gc.cost;
    }
    return sum * logNormal(random, shape.replicaSpread);
  };
  return {
    name,
    meaning,
    draw: (random, trueRatio) => {
      const batch = logNormal(random, shape.batchSpread);
      return {
        candidate: batch * trueRatio * total(random, shape.candidateGc),
        baseline: batch * total(random, shape.baselineGc),
      };
    },
  };
}

export const POPULATIONS: readonly Population[] = [
  population('even', 'both collect often: 20 slices, spread 0.22, one collection in two slices', {
    slices: 20,
    sliceSpread: 0.22,
    batchSpread: 0.15,
    replicaSpread: 0.02,
    candidateGc: { perSlice: 0.5, cost: 0.2 },
    baselineGc: { perSlice: 0.5, cost: 0.2 },
  }),
  population('spiky', 'the candidate collects rarely and dearly: 1.6 collections a unit at 1.2 slices each', {
    slices: 20,
    sliceSpread: 0.22,
    batchSpread: 0.15,
    replicaSpread: 0.03,
    candidateGc: { perSlice: 0.08, cost: 1.2 },
    baselineGc: { perSlice: 0.5, cost: 0.2 },
  }),
  population('heavy', 'few slices with a heavy tail: 5 slices, spread 0.8', {
    slices: 5,
    sliceSpread: 0.8,
    batchSpread: 0.3,
    replicaSpread: 0.05,
    candidateGc: { perSlice: 0, cost: 0 },
    baselineGc: { perSlice: 0, cost: 0 },
  }),
  population('rare', 'one collection in two units, as dear as four slices: too few to judge by', {
    slices: 20,
    sliceSpread: 0.22,
    batchSpread: 0.15,
    replicaSpread: 0.02,
    candidateGc: { perSlice: 0.025, cost: 4 },
    baselineGc: { perSlice: 0.5, cost: 0.2 },
  }),
];
