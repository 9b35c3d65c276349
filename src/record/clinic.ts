/** What clinic, a set of profilers for Node.js, found in a process: lines of `slices.jsonl` of a profile run. */
import { z } from 'zod';
import type { NODE_STACK_KINDS } from './stacks.js';

export const CLINIC_TOOLS = ['doctor', 'flame', 'bubbleprof', 'heapprofiler'] as const;
export const clinicTool = z.enum(CLINIC_TOOLS);
export type ClinicTool = z.infer<typeof clinicTool>;

/** Which call stacks a tool brings; the others bring none. */
export const CLINIC_STACKS: Readonly<Partial<Record<ClinicTool, (typeof NODE_STACK_KINDS)[number]>>> = {
  flame: 'node-cpu',
  heapprofiler: 'node-heap',
};

/** What doctor says of event loop, CPU, memory and garbage collection. */
const diagnosis = z.object({
  type: z.literal('diagnosis'),
  /** Doctor's own word for what is wrong: `none`, `gc`, `event-loop`, `io`, `data` (too little to tell), `unknown`. */
  category: z.string(),
  /** What it looked at and how that was, in its own words: `performance`, `data` or `none`. */
  issues: z.array(z.object({ name: z.string(), found: z.string() })),
});

/** What most of something is: samples of CPU, operations' waiting in ms, bytes of the heap. */
const shares = z.object({
  type: z.literal('shares'),
  unit: z.enum(['samples', 'ms', 'bytes']),
  total: z.number().nonnegative(),
  /** Those with the most first; not all of them. */
  largest: z.array(z.object({ name: z.string(), value: z.number().nonnegative() })),
});

export const clinicFindings = z.discriminatedUnion('type', [diagnosis, shares]);
export type ClinicFindings = z.infer<typeof clinicFindings>;

/** What one tool of clinic made of one process, in a slice of its own under the scenario's load. */
export const clinicRecord = z.object({
  type: z.literal('clinic'),
  tool: clinicTool,
  version: z.string(),
  /** Whose sidecar it was, or to whom the generator sent. */
  variant: z.string(),
  /** Of the sidecar, or `autocannon`. */
  role: z.string(),
  startedAtMicros: z.number(),
  seconds: z.number().nonnegative(),
  /** Answered meanwhile, by a process that the tool slowed down. */
  requests: z.number().nonnegative(),
  /** The tool's own page, relative to the run's folder; null where it made none. */
  page: z.string().nullable(),
  findings: clinicFindings.nullable(),
  /** Why there is no page or no finding, in the tool's own words; null when there are both. */
  fault: z.string().nullable(),
});
export type ClinicRecord = z.infer<typeof clinicRecord>;

/** What a profile run had clinic look at. */
export const plannedClinic = z.object({
  looks: z.array(z.object({ tool: clinicTool, seconds: z.number().positive() })).min(1),
  /** Variants whose sidecars run in Node.js. */
  variants: z.array(z.string()),
  /** How many processes of autocannon shared the load, one of which was looked at; null where it did not send. */
  generatorProcesses: z.int().positive().nullable(),
});
export type PlannedClinic = z.infer<typeof plannedClinic>;
