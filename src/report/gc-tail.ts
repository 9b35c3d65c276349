/** The tail and the collector in words, for every form of report. */
import type { GcTail } from '../record/index.js';
import { significant } from './format.js';

/** A share as a percentage with the sensible digits. */
export function shareOf(share: number): string {
  return `${significant(share * 100, 2)} %`;
}

/** A difference of two shares, in percentage points: a percentage of it would be read as relative. */
export function pointsOf(difference: number): string {
  return `${significant(difference * 100, 2)} points`;
}

/** What is known of one variant, in a sentence without its name. */
export function gcTailSentence({ share, chance, low, high, reason }: GcTail): string {
  if (share === null || chance === null) return `not known: ${reason ?? 'no reason was recorded'}`;
  const figures = `${shareOf(share)} of its slowest requests overlap a pause, ${shareOf(chance)} would by chance`;
  if (low === null || high === null) return `${figures}; too few sets of fresh processes to tell them apart`;
  if (low > 0) return `${figures}: pauses come with slow requests`;
  return high < 0
    ? `${figures}: its slow requests lie elsewhere`
    : `${figures}: its slow requests do not follow the pauses as far as this can tell`;
}
