/** The cluster that a run ran on, where that was not the harness's own machine. */
import { z } from 'zod';

export const clusterRecord = z.object({
  provider: z.literal('kubernetes'),
  /** Of the kubeconfig. */
  context: z.string(),
  /** What the API server says that it is, such as `v1.34.4`. */
  version: z.string(),
  /** The image of meshmark's programs. */
  image: z.string(),
  /** What the nodes say that containers were made from, by digest; more than one where nodes had different ones. */
  imageIds: z.array(z.string()),
  /** What everything of the run was marked with in the cluster. */
  run: z.string(),
  /** Pods that make each variant's load together; absent where one does. */
  agents: z.int().min(2).optional(),
  nodes: z.array(
    z.object({
      name: z.string(),
      kernel: z.string().nullable(),
      cpuModel: z.string().nullable(),
      cores: z.int(),
      memoryBytes: z.number().nullable(),
      /** The same for nodes that share a kernel, and so its clocks and cores. */
      bootId: z.string().nullable(),
    }),
  ),
  /** Where each part of each variant ran, and how many sets of fresh processes did there. */
  pods: z.array(
    z.object({
      variant: z.string(),
      side: z.enum(['client', 'middle', 'service', 'control']),
      node: z.string(),
      roles: z.array(z.string()),
      times: z.int(),
    }),
  ),
  /** What the scenario asks for and a cluster does not have; a sentence each. */
  leftOut: z.array(z.string()),
});
export type ClusterRecord = z.infer<typeof clusterRecord>;
