/** What becomes of a failed gate rule when it was run again on fresh processes. */
import type { Confirmation, GateResult } from '../record/index.js';

/**
 * The results with what the confirmation found: a `fail` that it repeats stands, one that it does not is `undecided`,
 * since one of the two is wrong and nobody knows which. Without a confirmation they are as they were.
 */
export function withConfirmation(
  results: readonly GateResult[],
  confirmation: Confirmation | undefined,
): GateResult[] {
  if (confirmation === undefined) return [...results];
  return results.map((result) => {
    if (result.outcome !== 'fail') return result;
    const again = confirmation.gate.find(
      ({ metric, candidate, baseline, limit }) =>
        metric === result.metric &&
        candidate === result.candidate &&
        baseline === result.baseline &&
        limit === result.limit,
    );
    const found = again?.explanation ?? 'it came to no result.';
    return again?.outcome === 'fail'
      ? { ...result, explanation: `${result.explanation} Confirmed on fresh processes: ${found}` }
      : {
          ...result,
          outcome: 'undecided',
          explanation: `Not confirmed, so that nobody can tell: ${result.explanation} Run again on fresh processes: ${found}`,
        };
  });
}
