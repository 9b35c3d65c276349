/**
 * The lines between the harness and the process that runs autocannon. A slice goes: `slice` → `warm` → `count` →
 * `counted` → `stop` → `result`. Load keeps flowing until `stop`, so that both CPU readings fall inside it.
 */
import { z } from 'zod';
import { encodedHistogram, errorCounts, eventLoop } from '../record/index.js';

export const autocannonOrder = z.discriminatedUnion('order', [
  z.object({
    order: z.literal('slice'),
    url: z.string(),
    connections: z.int().positive(),
    warmupMs: z.number().nonnegative(),
    durationMs: z.number().positive(),
    timeoutMs: z.number().positive(),
  }),
  z.object({ order: z.literal('count') }),
  z.object({ order: z.literal('stop') }),
]);
export type AutocannonOrder = z.infer<typeof autocannonOrder>;

export const autocannonMessage = z.discriminatedUnion('message', [
  /** The warm-up is over; the harness reads its clocks and answers `count`. */
  z.object({ message: z.literal('warm'), warmupRequests: z.int() }),
  /** The measured part is over; load still flows until `stop`. */
  z.object({ message: z.literal('counted') }),
  z.object({
    message: z.literal('result'),
    startedAtMicros: z.number(),
    endedAtMicros: z.number(),
    requests: z.int(),
    errors: errorCounts,
    bytesReceived: z.number(),
    latency: encodedHistogram,
    /** Of the autocannon process during the measured part, its CPU among it. */
    eventLoop,
    gcCycles: z.int(),
    failed: z.string().nullable(),
  }),
]);
export type AutocannonMessage = z.infer<typeof autocannonMessage>;
/** What one process saw of a slice. */
export type AutocannonShare = Extract<AutocannonMessage, { message: 'result' }>;
