/** The known-delay control: a line of `slices.jsonl`, and what was read from it. */
import { z } from 'zod';
import { encodedHistogram, errorCounts } from './slices.js';

/** A slice against a service whose delay is known, with no data plane between: what the generator adds by itself. */
export const controlRecord = z.object({
  type: z.literal('control'),
  driver: z.enum(['loadgen', 'autocannon', 'k6']),
  model: z.enum(['open', 'closed']),
  /** How long the service waits before it answers. */
  delayMs: z.number().positive(),
  /** Whether requests crossed the link between two nodes, whose round trip is then in the latency. */
  crossesLink: z.boolean(),
  /** Null in a closed loop. */
  offeredRatePerSecond: z.number().nullable(),
  startedAtMicros: z.number(),
  endedAtMicros: z.number(),
  requests: z.int().nonnegative(),
  errors: errorCounts,
  latency: encodedHistogram.nullable(),
  /** Latency from the real send, less the time the service says it took; null where it does not say. */
  beyondResidence: encodedHistogram.nullable(),
  /** Why it could not be measured, or null. */
  failed: z.string().nullable(),
});
export type ControlRecord = z.infer<typeof controlRecord>;

/** What the generator adds to a latency, as the control showed it. */
export const generatorFloor = z.object({
  driver: z.string(),
  delayMs: z.number(),
  crossesLink: z.boolean(),
  requests: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** The same less what the service took by its own clock, or less the known delay where it does not say. */
  beyondP50Ms: z.number(),
  beyondP99Ms: z.number(),
  beyond: z.enum(['residence', 'delay']),
});
export type GeneratorFloor = z.infer<typeof generatorFloor>;
