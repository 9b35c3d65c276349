/** A regression run again on fresh processes before it was called one. */
import { z } from 'zod';
import { gateResult } from './analysis.js';
import { runEnding } from './looks.js';
import { validity } from './slices.js';

/** Its own run folder within that of the run that it confirms. */
export const CONFIRMATION_FOLDER = 'confirmation';

/**
 * What a confirmation's intervals hold with: 5 % of error on the side that fails a gate. It is asked only where the run itself
 * suspects something, so that both levels multiply.
 */
export const CONFIRMATION_CONFIDENCE = 0.9;

export const confirmation = z.object({
  seed: z.int(),
  /** Null when it was interrupted or failed before its end. */
  ending: runEnding.nullable(),
  validity,
  /** What its own gate says of the rules that had failed, and of those that were suspected to. */
  gate: z.array(gateResult),
});
export type Confirmation = z.infer<typeof confirmation>;
