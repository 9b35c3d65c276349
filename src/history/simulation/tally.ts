/** What the detector finds in many series of one kind. */
import { createRandom } from '../../stats/index.js';
import { changePoints } from '../change-points.js';
import type { Stream } from './streams.js';

/** A change is found where one is told at most so many values away. */
const NEAR = 2;

/** Whether all planted changes were found, and whether something else was told. */
export function score(
  planted: readonly number[],
  told: readonly number[],
): { readonly allFound: boolean; readonly falseAlarm: boolean } {
  const near = (index: number) => (other: number) => Math.abs(index - other) <= NEAR;
  return {
    allFound: planted.every((index) => told.some(near(index))),
    falseAlarm: told.some((index) => !planted.some(near(index))),
  };
}

export interface Tally {
  /** Share of series in which every change was found. */
  readonly allFound: number;
  /** Share of series in which something was told that is no change. */
  readonly falseAlarms: number;
}

/** The same arguments give the same shares. */
export function tally(stream: Stream, length: number, trials: number, seed: number): Tally {
  const random = createRandom(seed);
  const planted = stream.changes.map((share) => Math.round(share * length));
  let allFound = 0;
  let falseAlarms = 0;
  for (let trial = 0; trial < trials; trial++) {
    const told = changePoints(stream.draw(random, length)).map(({ index }) => index);
    const scored = score(planted, told);
    if (scored.allFound) allFound += 1;
    if (scored.falseAlarm) falseAlarms += 1;
  }
  return { allFound: allFound / trials, falseAlarms: falseAlarms / trials };
}

/** Share of series in which something was told at least once by whoever looked after every run, from one length to another. */
export function everTold(stream: Stream, from: number, to: number, trials: number, seed: number): number {
  const random = createRandom(seed);
  let told = 0;
  for (let trial = 0; trial < trials; trial++) {
    const values = stream.draw(random, to);
    for (let length = from; length <= to; length++) {
      if (changePoints(values.slice(0, length)).length === 0) continue;
      told += 1;
      break;
    }
  }
  return told / trials;
}
