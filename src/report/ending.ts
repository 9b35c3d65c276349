/** How a run ended and whether a regression was found twice, in words for every form of report. */
import type { RunRecord } from '../record/index.js';
import { coverage } from './format.js';

/** Why a run ended before its plan did, and what that means for its intervals; null where it did not. */
export function endingSentence({ ending, planned }: RunRecord): string | null {
  // A sweep or a search says itself of each variant what it knows.
  if (ending === undefined || planned.steps !== undefined) return null;
  if (ending.why === 'planned' || ending.why === 'interrupted') return null;
  const after = `Stopped after ${ending.rounds} of ${planned.rounds} blocks: `;
  switch (ending.why) {
    case 'decided':
      return `${after}every rule of the gate was decided. Gated intervals hold with ${coverage(planned.confidence)} at whatever look a run ends.`;
    case 'budget':
      return `${after}its budget was spent.`;
    case 'nothing left':
      return `${after}no variant was left to measure.`;
  }
}

/** What became of running what may be a regression again; null where nothing was. */
export function confirmationSentence({ confirmation }: RunRecord): string | null {
  if (confirmation === undefined) return null;
  const { seed, ending, gate } = confirmation;
  const again = gate.filter(({ outcome }) => outcome === 'fail').length;
  const measured =
    ending === null ? 'did not end' : `${ending.rounds} ${ending.rounds === 1 ? 'block' : 'blocks'}`;
  const found =
    again === gate.length
      ? again === 1
        ? 'it was found again'
        : `all ${again} were found again`
      : again === 0
        ? 'it was not found again, so that the gate cannot tell'
        : `${again} of ${gate.length} were found again; of the others the gate cannot tell`;
  return `What may be a regression was run again on fresh processes with seed ${seed} (${measured}): ${found}.`;
}
