/** The witnesses: counters read from the mechanisms themselves, turned into shares between 0 and 1. */

export type WitnessName = 'proxy-in-path' | 'upstream-reuse' | 'buffer-pool' | 'buffer-pool-hits';

/** What a reader is told about a witness. */
export const WITNESS_MEANING: Readonly<Record<WitnessName, string>> = {
  'proxy-in-path': 'requests seen by each proxy of the path divided by requests sent',
  'upstream-reuse': 'requests served on an upstream connection that was already open',
  'buffer-pool': 'body bytes copied through a pooled buffer divided by body bytes copied',
  'buffer-pool-hits': 'buffer gets served by a buffer used before divided by buffer gets',
};
