/** What a block consists of: which slices, in which order, how long. */
import type { Track } from '../record/index.js';
import type { VariantSpec } from '../variants/index.js';
import type { Plan, PlannedSlice, Schedule } from './plan.js';
import { streamAt } from './random.js';

const TRACK_NUMBER: Readonly<Record<Track, number>> = { micro: 1, long: 2, 'cross-check': 3 };

/** Beside the tracks' numbers, so that the orders of slices and of standing up are drawn apart. */
const STAND_UP_NUMBER = 4;

/**
 * Lengths that jitter does not cross downwards: below a second a slice has no steady state to take a percentile from,
 * and below two seconds the kernel's ticks of 10 ms are too coarse to split its CPU.
 */
const JITTER_STOPS_AT_MS = [2000, 1000];

/**
 * One slice of every variant, in random order. The order, the slices' length (varied by the schedule's jitter, the
 * same for all variants of the block) and the arrivals' seed follow from the plan's seed, `block` and `track` alone.
 * Throws RangeError when the plan has no such track.
 */
export function planBlock(plan: Plan, block: number, track: Track): PlannedSlice[] {
  const random = streamAt(plan.schedule.seed, block, TRACK_NUMBER[track]);
  const factor = 1 + plan.schedule.jitter * (2 * random.uniform() - 1);
  const arrivalSeed = random.next32();
  const length = lengthOf(plan.schedule, track, factor);
  return random.shuffled(plan.variants).map((variant, position) => ({
    block,
    position,
    track,
    variant: variant.id,
    length,
    arrivalSeed,
  }));
}

/**
 * The order in which a set of fresh processes is stood up, connected, warmed up and asked: random per replica, so that
 * whatever being first or last does to a process is noise and not a bias against one variant.
 */
export function standUpOrder(plan: Plan, replica: number): VariantSpec[] {
  return streamAt(plan.schedule.seed, replica, STAND_UP_NUMBER).shuffled(plan.variants);
}

function lengthOf(schedule: Schedule, track: Track, factor: number): PlannedSlice['length'] {
  if (track === 'micro') {
    const { micro } = schedule;
    if (micro === null) throw new RangeError('the plan has no short slices');
    const requests = Math.max(1, Math.round(micro.requests * factor));
    return { type: 'requests', requests, warmupRequests: micro.warmupRequests };
  }
  const long = track === 'long' ? schedule.long : schedule.crossCheck;
  if (long === null) throw new RangeError(`the plan has no ${track} slices`);
  const floorMs = JITTER_STOPS_AT_MS.find((stop) => long.durationMs >= stop) ?? 0;
  const durationMs = Math.max(floorMs, Math.round(long.durationMs * factor));
  return { type: 'duration', durationMs, warmupMs: long.warmupMs };
}
