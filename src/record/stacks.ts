/** Where in its own code a process was found, or allocated, or waited: lines of `slices.jsonl` of a profile run. */
import { z } from 'zod';

/**
 * What is looked at. Values of `cpu` are ns of CPU time, of `allocations` bytes allocated, of `mutex` ns that others waited for
 * a lock, of `goroutines` how many stood there on average.
 */
export const STACK_KINDS = ['cpu', 'allocations', 'mutex', 'goroutines'] as const;
/**
 * What clinic looks at in Node.js. Values of `node-cpu` are ns of CPU time, of `node-heap` bytes that were allocated
 * meanwhile and were still in use at the end.
 */
export const NODE_STACK_KINDS = ['node-cpu', 'node-heap'] as const;
/** What perf looks at, from the kernel and in any program. Values of `perf-cpu` are ns of CPU time, the kernel's for the process among them. */
export const PERF_STACK_KINDS = ['perf-cpu'] as const;
export const stackKind = z.enum([...STACK_KINDS, ...NODE_STACK_KINDS, ...PERF_STACK_KINDS]);
export type StackKind = z.infer<typeof stackKind>;

/** Call stacks of one process, those of the same functions added up. */
export const processStacks = z.object({
  /** For how long it was looked. */
  seconds: z.number().nonnegative(),
  /** Names that the frames stand for. */
  functions: z.array(z.string()),
  stacks: z.array(
    z.object({
      /** Places in `functions`, the outermost first. */
      frames: z.array(z.int().nonnegative()),
      value: z.number().nonnegative(),
      /** Observations that the value is estimated from. */
      samples: z.number().nonnegative(),
    }),
  ),
});
export type ProcessStacks = z.infer<typeof processStacks>;

/** What was found in one process, in a slice of its own under the scenario's load. */
export const stacksRecord = z.object({
  type: z.literal('stacks'),
  kind: stackKind,
  round: z.int().nonnegative(),
  replica: z.int().nonnegative(),
  variant: z.string(),
  role: z.string(),
  pid: z.int(),
  startedAtMicros: z.number(),
  /** Requests of the time in which it was looked: those of the slice, by its share of the slice's length. */
  requests: z.number().nonnegative(),
  /** Null when the process did not answer. */
  found: processStacks.nullable(),
  /** Why nothing was found, or what is missing in it; absent where nothing is known of either. */
  note: z.string().optional(),
});
export type StacksRecord = z.infer<typeof stacksRecord>;

/** What a profile run was asked for. */
export const plannedStacks = z.object({
  /** What was looked at in each round, and for how long. */
  looks: z.array(z.object({ kind: stackKind, seconds: z.number().positive() })).min(1),
});
export type PlannedStacks = z.infer<typeof plannedStacks>;
