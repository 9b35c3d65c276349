/** The options of the Go sidecar. Every row of the catalogue that is a Go sidecar is a preset over these. */
import { z } from 'zod';

export const sidecarOptions = z.strictObject({
  /** `fresh`: a new 32 KiB copy buffer for each body; `pooled`: buffers are put back and used again. */
  buffers: z.enum(['fresh', 'pooled']).default('fresh'),
  /**
   * Idle upstream connections kept for reuse; `auto` is as many as the workload has connections. Go's default
   * of 2 makes a proxy dial for almost every request under load.
   */
  idleUpstreamConnections: z.union([z.literal('auto'), z.int().min(1).max(100_000)]).default('auto'),
  /** For tests of meshmark itself: CPU burnt per request by the outbound half, in microseconds. */
  testBurnMicros: z.number().min(0).max(100_000).default(0),
});
export type SidecarOptions = z.infer<typeof sidecarOptions>;
