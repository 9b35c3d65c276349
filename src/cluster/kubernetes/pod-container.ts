/** What all pods have in common: the image’s program, where things lie in them, and their ports. */

/** The program of the image, see src/images. */
export const PROGRAM = '/dataplane';
/** Folder in which pods have the variant's secret. */
export const SECRETS = '/etc/meshmark';
/** Each pod has a network of its own, so that ports need not differ between pods. */
export const PORTS = {
  agent: 9700,
  generator: 9600,
  service: { listen: 8080, admin: 9701 },
  proxy: { listen: 8443, admin: 9702 },
  policy: { listen: 8550, admin: 9703 },
  kernelAdmin: 9704,
} as const;

export interface ContainerPlan {
  /** Role of its process, and its name. */
  readonly role: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it serves and tells what it did; null for one that does neither. */
  readonly port: number | null;
  readonly adminPort: number | null;
  /** Whether others than its own pod reach it by TCP. */
  readonly reached: boolean;
  /** Whether it rides beside the pod's own program. */
  readonly sidecar: boolean;
  /** Whether it attaches programs in the node's kernel, for which it needs privilege. */
  readonly inKernel?: true;
}

/** Name of the load generator's container; what it uses is nobody's data plane. */
export const GENERATOR = 'generator';
