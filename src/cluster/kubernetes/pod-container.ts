/** What all pods have in common: the image’s program, where things lie in them, and their ports. */
import type { CounterSource } from '../../host/index.js';
import type { ProxySpec } from '../../variants/index.js';
import type { Identity } from '../certificates.js';

/** The program of the image, see src/images. */
export const PROGRAM = '/dataplane';
/** Folder in which pods have the variant's secret. */
export const SECRETS = '/etc/meshmark';
/** Folder of a container whose program reads or writes files. */
export const FOLDER = '/run/meshmark';
export const LOOPBACK = '127.0.0.1';
export const ANYWHERE = '0.0.0.0';
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
  /** Empty for what its image starts by itself. */
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
  /** The image it is made from, where that is the user's own. */
  readonly image?: string;
  /** How it tells what it did at `adminPort`, where it does not as programs of ours do. */
  readonly source?: CounterSource;
  /** What is in `FOLDER`, which it can write to; left out where it has none. */
  readonly folder?: FolderPlan;
  /** Devices of its node that it is given, one each, by the name of their resource. */
  readonly devices?: readonly string[];
  /** What it must answer before its variant is asked; left out where the first answer through the path is enough. */
  readonly ready?: { readonly port: number; readonly path: string; readonly status: number };
}

export interface FolderPlan {
  /** Texts by file name, for this pod alone. */
  readonly files: Readonly<Record<string, string>>;
  /** Keys of the variant's secret by file name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The identity that a role's container finds among its secrets. */
export function identityIn(role: string): Identity {
  return {
    certificateFile: `${SECRETS}/${role}.crt`,
    keyFile: `${SECRETS}/${role}.key`,
    authorityFile: `${SECRETS}/ca.crt`,
  };
}

/** Certificate and key of a role in one text, among its secrets. */
export function joinedIdentityIn(role: string): string {
  return `${role}.pem`;
}

/** Whether a proxy proves who it is, on either side. */
export function isSecured({ listen, upstream }: Pick<ProxySpec, 'listen' | 'upstream'>): boolean {
  return listen.security === 'mtls' || upstream.security === 'mtls';
}

/** Name of the load generator's container; what it uses is nobody's data plane. */
export const GENERATOR = 'generator';
