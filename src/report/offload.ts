/** The bound on what offloading could save, in words: the same in the HTML report and the Markdown summary. */
import type { Analysis, CpuCategory, OffloadCeiling, ShareInterval } from '../record/index.js';
import { fixed } from './format.js';

/** A profile that missed, or invented, more of the CPU than this is said to. */
const CLOCK_TOLERANCE = 0.2;

/** What a category is called. */
export const CATEGORY_LABELS: Readonly<Record<CpuCategory, string>> = {
  privateKey: 'private keys',
  keyExchange: 'key exchange (ECDH)',
  keyEncapsulation: 'key encapsulation (ML-KEM)',
  verification: 'verifying signatures',
  symmetric: 'ciphers and hashes',
  other: 'everything else',
};

/** What each bound supposes to cost nothing any more. */
export const BOUND_LABELS: Readonly<Record<keyof NonNullable<OffloadCeiling['bounds']>, string>> = {
  privateKey: 'private keys',
  asymmetric: 'all asymmetric work',
  privateKeyAndSymmetric: 'private keys, ciphers and hashes',
};

/** Bounds of an analysis; empty where the scenario asked for none. */
export function ceilingsOf(analysis: Analysis): readonly OffloadCeiling[] {
  return analysis.offloadCeiling ?? [];
}

/** A share with its interval: "34 % (29 to 39 %)". */
export function shareText({ value, low, high }: ShareInterval): string {
  const decimals = Math.max(value, high ?? 0) < 0.1 ? 1 : 0;
  const percent = (share: number) => fixed(share * 100, decimals);
  return low === null || high === null
    ? `${percent(value)}\u00a0%`
    : `${percent(value)}\u00a0% (${percent(low)} to ${percent(high)}\u00a0%)`;
}

/** What follows for a reader without the device, in one sentence that goes after the variant's name. */
export function ceilingSentence(ceiling: OffloadCeiling): string {
  if (ceiling.bounds === null) return `no bound, because ${ceiling.reason ?? 'it was not profiled'}.`;
  const { privateKey } = ceiling.bounds;
  const without =
    privateKey.low === null ? `; without an interval, because ${ceiling.reason ?? 'it is not known'}` : '';
  return `Perfect offload of private-key work could save at most ${shareText(privateKey)} of this variant’s data-plane CPU; a bound computed from this profile, not a measurement of hardware${without}.`;
}

/** That the profile and the processes' clocks do not agree; null when they do, or when there are no such clocks. */
export function clockSentence({ profiledOverClock }: OffloadCeiling): string | null {
  if (profiledOverClock === null || Math.abs(profiledOverClock - 1) <= CLOCK_TOLERANCE) return null;
  return `Its profile has ${fixed(profiledOverClock * 100, 0)}\u00a0% of the CPU time that its processes’ own clocks counted meanwhile, so that its shares may be off.`;
}
