/** The catalogue: every kind of variant, what it is, and what must be proved of it. */
import type { MetricName } from '../record/index.js';
import type { WrittenOptions } from './options.js';
import { CONNECTION_ROWS } from './rows/connections.js';
import { ENGINE_ROWS } from './rows/engines.js';
import { FOREIGN_ROWS } from './rows/foreign.js';
import { POLICY_ROWS } from './rows/policy.js';
import { PROTOCOL_ROWS } from './rows/protocols.js';
import { TLS_ROWS } from './rows/tls.js';
import type { WitnessName } from './witnesses.js';

/** What is to be expected of a row against its counterpart, by whom; a result the other way is a surprise to be shown. */
export interface Expectation {
  readonly metric: MetricName;
  readonly direction: 'lower' | 'higher';
  readonly source: string;
}

export type RowForm =
  | { readonly type: 'direct' }
  | {
      /** The Go sidecar; `node` is the same for Node.js, with few of the options. */
      readonly type: 'sidecar' | 'node';
      readonly preset: WrittenOptions;
      /** The options that switch the row's own mechanism off, so that a test can see its witness fail. */
      readonly opposite: WrittenOptions;
    }
  | { readonly type: 'custom' };

export interface CatalogueRow {
  readonly kind: string;
  readonly description: string;
  /** The row that differs from this one in exactly one thing; null for controls. */
  readonly counterpart: string | null;
  readonly form: RowForm;
  /** The witness of the row's own point; null for controls. */
  readonly point: WitnessName | null;
  readonly expectations: readonly Expectation[];
  /** Why the row's figures do not stand for a real machine when the data plane has fewer than two cores; else null. */
  readonly needsTwoCores: string | null;
  readonly linuxOnly: boolean;
}

export const CATALOGUE: readonly CatalogueRow[] = [
  ...FOREIGN_ROWS.filter(({ kind }) => kind === 'direct'),
  ...ENGINE_ROWS,
  ...CONNECTION_ROWS,
  ...TLS_ROWS,
  ...PROTOCOL_ROWS,
  ...POLICY_ROWS,
  ...FOREIGN_ROWS.filter(({ kind }) => kind !== 'direct'),
];

/** Kinds that are known and that this version cannot stand up, with what they are. */
export const KINDS_TO_COME: Readonly<Record<string, string>> = {
  'rbac-ebpf': 'Policy enforced in the kernel.',
  'ebpf-sockmap': 'Payload forwarded in the kernel between the sidecar’s two sockets.',
  'ebpf-sockops': 'Same-host sockets short-circuited under the TCP/IP stack.',
  'zero-sidecar': 'connect() redirected in the kernel, no proxy in the data path.',
  'qat-tls': 'TLS private-key work on Intel QuickAssist.',
  envoy: 'Envoy at documented production settings.',
  haproxy: 'HAProxy at documented production settings.',
  nginx: 'nginx at documented production settings.',
};

/** The row of a kind, or undefined when the catalogue has none. */
export function catalogueRow(kind: string): CatalogueRow | undefined {
  return CATALOGUE.find((row) => row.kind === kind);
}
