/** Where a run's servers stood: part of its manifest. */
import { z } from 'zod';

/** Where the servers stood and what lay between them. */
export const topology = z.object({
  /** The roles that a request passes, from `client` to `service`. */
  path: z.array(z.string()),
  /** Roles by the name of the cluster that they stand in; empty when clusters play no part. */
  clusters: z.record(z.string(), z.array(z.string())),
  /** Machines, or network namespaces that stand for them. */
  nodes: z.union([z.literal(1), z.literal(2)]),
  /** Which loopback everything listened on; absent in records from before there was a choice, which were IPv4. */
  addresses: z.enum(['ipv4', 'ipv6']).optional(),
  /** Delay that was put on the hop between clusters or nodes, there and back; null for none. */
  roundTripMs: z.number().nonnegative().nullable(),
  /** The link between two nodes as it was measured when it was made; null on one node. */
  link: z
    .object({ kind: z.enum(['veth', 'tun']), medianMicros: z.number(), p99Micros: z.number() })
    .nullable()
    .optional(),
  /**
   * How traffic gets into the sidecars: `none` is that the client addresses the first one itself, `by-variant` that the
   * variants' options say how.
   */
  interception: z.enum(['none', 'by-variant']),
});
export type Topology = z.infer<typeof topology>;
