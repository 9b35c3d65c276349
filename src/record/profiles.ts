/** What CPU profiles of the data plane showed: a line of `slices.jsonl` for each, and the bound computed from them. */
import { z } from 'zod';

/**
 * Kinds of work, by the stack that a sample of the profile was taken in:
 * `privateKey`: signing, and decrypting with RSA; `keyExchange`: Diffie-Hellman on elliptic curves;
 * `keyEncapsulation`: ML-KEM, the other half of the hybrid key exchange; `verification`: checking signatures;
 * `symmetric`: ciphers, hashes, key derivation; `other`: everything else.
 */
export const CPU_CATEGORIES = [
  'privateKey',
  'keyExchange',
  'keyEncapsulation',
  'verification',
  'symmetric',
  'other',
] as const;
export const cpuCategory = z.enum(CPU_CATEGORIES);
export type CpuCategory = z.infer<typeof cpuCategory>;

export const cpuShares = z.object({
  /** How long the profile was taken. */
  seconds: z.number().positive(),
  /** CPU time between two samples of a thread. */
  periodNs: z.number().positive(),
  samples: z.int().nonnegative(),
  /** CPU time that the samples stand for. */
  profiledCpuNs: z.number().nonnegative(),
  /** The same by the process's own CPU clock; null where that cannot be read. */
  processCpuNs: z.number().nonnegative().nullable(),
  /** They add up to `samples` and `profiledCpuNs`. */
  categories: z.record(
    cpuCategory,
    z.object({
      samples: z.int().nonnegative(),
      cpuNs: z.number().nonnegative(),
      /** The innermost functions with the most samples, at most five. */
      top: z.array(z.object({ function: z.string(), samples: z.int().nonnegative() })),
    }),
  ),
});
export type CpuShares = z.infer<typeof cpuShares>;

/** A CPU profile of one process, taken in a slice of its own under the scenario's load. */
export const profileRecord = cpuShares.extend({
  type: z.literal('profile'),
  round: z.int().nonnegative(),
  variant: z.string(),
  replica: z.int().nonnegative(),
  role: z.string(),
  pid: z.int(),
  startedAtMicros: z.number(),
  /** Requests of the slice that the profile was taken in; the slice is a little longer than the profile. */
  requests: z.int().nonnegative(),
});
export type ProfileRecord = z.infer<typeof profileRecord>;

const shareInterval = z.object({
  value: z.number().min(0).max(1),
  /** Ends of its interval, within [0, 1]; null where there are too few sets of processes for one. */
  low: z.number().min(0).max(1).nullable(),
  high: z.number().min(0).max(1).nullable(),
});
export type ShareInterval = z.infer<typeof shareInterval>;

/**
 * How much of a variant's data-plane CPU a device that does cryptography for nothing could save at most. Computed from
 * profiles; no device was measured.
 */
export const offloadCeiling = z.object({
  variant: z.string(),
  samples: z.int().nonnegative(),
  replicas: z.int().nonnegative(),
  /** Shares of the CPU by category; null with a reason. */
  shares: z.record(cpuCategory, shareInterval).nullable(),
  /** Amdahl's bounds: the largest share of the CPU that could be saved. Null with a reason. */
  bounds: z
    .object({
      /** By offloading what is done with private keys. */
      privateKey: shareInterval,
      /** By offloading private keys, key exchange, encapsulation and verification. */
      asymmetric: shareInterval,
      /** By offloading private keys, ciphers and hashes. */
      privateKeyAndSymmetric: shareInterval,
    })
    .nullable(),
  /** CPU time by the profiles over that by the processes' own clocks; null where these cannot be read. */
  profiledOverClock: z.number().nonnegative().nullable(),
  /** The functions with the most samples of each category, as shares of all samples. */
  top: z.record(cpuCategory, z.array(z.object({ function: z.string(), share: z.number() }))),
  /** Why there are no shares or no intervals; null when there are. */
  reason: z.string().nullable(),
});
export type OffloadCeiling = z.infer<typeof offloadCeiling>;

/** What the analysis must know of the plan: which variants are profiled, for how long, and why others are not. */
export const plannedOffloadCeiling = z.object({
  seconds: z.number().positive(),
  leftOut: z.record(z.string(), z.string()),
});
