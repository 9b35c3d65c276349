/** What a variant needs of the machine beyond Node.js and the data-plane binary. */
import type { SidecarOptions } from './options.js';

/** Features of the kernel agent, as `dataplane kernel --probe` names them. */
export const KERNEL_FEATURES = [
  'messages',
  'connect',
  'original-destination',
  'policy',
  'sockmap',
  'redirect',
] as const;
export type KernelFeature = (typeof KERNEL_FEATURES)[number];

/**
 * - `epoll`: event loops and parked connections, which only Linux has.
 * - `kernel:…`: a feature of the kernel agent, tried by really attaching it.
 * - `program:…`: somebody else's proxy.
 * - `kubernetes`: a cluster, where something puts proxies into pods.
 * - `quickassist`: an Intel QuickAssist device with a proxy that can use it.
 * - `multi-buffer`: AVX-512 IFMA with a proxy that can use it.
 */
export type Need =
  | 'epoll'
  | `kernel:${KernelFeature}`
  | `program:${'envoy' | 'haproxy' | 'nginx'}`
  | 'kubernetes'
  | 'quickassist'
  | 'multi-buffer';

/** A row's own needs, then those that follow from its options. */
export function needsOf(own: readonly Need[], options: SidecarOptions | null): readonly Need[] {
  const follows: readonly (readonly [boolean, Need])[] =
    options === null
      ? []
      : [
          [options.concurrency === 'event-loop' || options.concurrency === 'worker-pool', 'epoll'],
          [options.sameHost === 'messages', 'kernel:messages'],
          [options.forwarding === 'sockmap', 'kernel:sockmap'],
          [options.interception === 'connect', 'kernel:connect'],
          [options.interception === 'connect', 'kernel:original-destination'],
          [options.interception === 'redirect', 'kernel:redirect'],
          [options.policy === 'kernel', 'kernel:policy'],
          // The address that is denied to see a denial is a virtual one.
          [options.policy === 'kernel', 'kernel:connect'],
        ];
  return [...new Set([...own, ...follows.flatMap(([set, need]) => (set ? [need] : []))])];
}
