/** Looks at a run that may end early: what was known after each set of fresh processes, and how the run ended. */
import { z } from 'zod';
import { metricName } from './planned.js';

/** What one look says of one gate rule and pair. */
export const lookFinding = z.object({
  /** Which of the planned gate's rules, from 0. */
  rule: z.int().nonnegative(),
  metric: metricName,
  candidate: z.string(),
  baseline: z.string(),
  /** `ratio` is candidate / baseline; where there is none it is the difference, in the metric's unit. */
  scale: z.enum(['ratio', 'difference']),
  /** Null where it is not known yet. */
  value: z.number().nullable(),
  /** Ends of the interval that holds at every look; null at a look so early that it reaches everywhere. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Beyond the rule's limit or within it, by this look or one before. */
  decision: z.enum(['worse', 'within', 'undecided']),
  /** Whether the whole interval lies within the margin of what does not matter. */
  equivalent: z.boolean(),
});
export type LookFinding = z.infer<typeof lookFinding>;

export const look = z.object({
  /** Whole sets of fresh processes that it is over. */
  replicas: z.int().positive(),
  findings: z.array(lookFinding),
});
export type Look = z.infer<typeof look>;

/** How far a run got, and why not further. */
export const runEnding = z.object({
  rounds: z.int().nonnegative(),
  /** Whole sets of fresh processes. */
  replicas: z.int().nonnegative(),
  why: z.enum(['planned', 'decided', 'budget', 'nothing left', 'interrupted']),
});
export type RunEnding = z.infer<typeof runEnding>;
