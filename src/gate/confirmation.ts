/** What becomes of a gate rule that failed, or was suspected to, when it was run again on fresh processes. */
import type { Confirmation, GateResult } from '../record/index.js';

/**
 * The results with what the confirmation found: a `fail` that it repeats stands, one that it does not is `undecided`,
 * since one of the two is wrong and nobody knows which. What was suspected fails when it is found now, and else stays
 * `undecided`. Without a confirmation they are as they were.
 */
export function withConfirmation(
  results: readonly GateResult[],
  confirmation: Confirmation | undefined,
): GateResult[] {
  if (confirmation === undefined) return [...results];
  return results.map((result) => {
    if (result.outcome !== 'fail' && result.suspected !== true) return result;
    const again = confirmation.gate.find(
      ({ metric, candidate, baseline, limit }) =>
        metric === result.metric &&
        candidate === result.candidate &&
        baseline === result.baseline &&
        limit === result.limit,
    );
    if (result.outcome !== 'fail') return again === undefined ? result : suspectedThen(result, again);
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

/** What one run suspected and the other found, or did not; both levels together are what was asked of the gate. */
function suspectedThen(result: GateResult, again: GateResult): GateResult {
  return again.outcome === 'fail'
    ? {
        ...result,
        outcome: 'fail',
        explanation: `Likely in the run itself: ${intervalOf(result)} Found on fresh processes: ${again.explanation}`,
      }
    : {
        ...result,
        explanation: `${result.explanation} It looked likely, and was run again on fresh processes: ${again.explanation}`,
      };
}

/** The explanation without how long a run would take that could tell: by now it is told. */
function intervalOf({ explanation, limit }: GateResult): string {
  const end = `(${limit}).`;
  const at = explanation.indexOf(end);
  return at < 0 ? explanation : explanation.slice(0, at + end.length);
}
