/**
 * The witnesses: counters read from the mechanisms themselves, turned into shares between 0 and 1.
 *
 * - `proxy-in-path`: requests seen by each proxy of the path over requests sent.
 * - `upstream-reuse`: requests served on an upstream connection that was already open.
 * - `buffer-pool`: body bytes copied through a pooled buffer over body bytes copied.
 * - `buffer-pool-hits`: buffer gets served by a buffer used before over buffer gets.
 */
export type WitnessName = 'proxy-in-path' | 'upstream-reuse' | 'buffer-pool' | 'buffer-pool-hits';
