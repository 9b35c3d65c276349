/** What a command that judged a run tells its caller. */
import type { GateResult, RunVariant, Validity } from '../record/index.js';

/** `regression` makes a run without a valid verdict a warning instead of a failure. */
export type FailOn = 'undecided' | 'regression';

/**
 * 1 when any gate failed; 3 when the gates, or without gates the run itself, gave no valid verdict; else 0.
 * Without gates a run is valid unless it is `invalid` or a variant failed or did not do what it claims; one that is
 * unavailable here says so in its row and fails nothing.
 */
export function exitCode(
  results: readonly GateResult[],
  validity: Validity,
  variants: readonly RunVariant[],
  failOn: FailOn = 'undecided',
): 0 | 1 | 3 {
  if (results.some((result) => result.outcome === 'fail')) return 1;
  const undecided =
    results.length > 0
      ? results.some((result) => result.outcome === 'undecided')
      : validity.status === 'invalid' ||
        variants.some((variant) => variant.status === 'failed' || variant.status === 'not-exercised');
  return undecided && failOn === 'undecided' ? 3 : 0;
}
