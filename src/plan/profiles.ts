/** Which variants have their CPU profiled for the bound on what offloading could save, and why the others have not. */
import type { VariantSpec } from '../variants/index.js';

/** Load before a profile starts, and how much longer it goes on, so that the profile lies within it; ms. */
export const PROFILE_WARMUP_MS = 300;
export const PROFILE_TAIL_MS = 700;

/** Wall time of one profile of `durationMs` with everything around it, in ms. */
export function profileMs(durationMs: number): number {
  return PROFILE_WARMUP_MS + durationMs + PROFILE_TAIL_MS;
}

/** Why a variant’s CPU cannot be split into cryptography and the rest, in one sentence; null when it can. */
export function whyNotProfiled({ form }: VariantSpec): string | null {
  switch (form.type) {
    case 'direct':
    case 'zero-sidecar':
      return 'it has no proxy whose CPU could be profiled';
    case 'sidecar': {
      const secured = form.proxies.some(
        ({ listen, upstream }) => listen.security === 'mtls' || upstream.security === 'mtls',
      );
      return secured ? null : 'none of its hops speaks TLS, so that there is nothing to offload';
    }
    default:
      return 'it is not the Go sidecar, which alone can say which functions its CPU goes into';
  }
}
