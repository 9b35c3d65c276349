/** The catalogue: every kind of variant, what it is, and what must be proved of it. */
import type { CatalogueRow } from './catalogue-row.js';
import { CONNECTION_ROWS } from './rows/connections.js';
import { ENGINE_ROWS } from './rows/engines.js';
import { FOREIGN_ROWS } from './rows/foreign.js';
import { POLICY_ROWS } from './rows/policy.js';
import { PROTOCOL_ROWS } from './rows/protocols.js';
import { TLS_ROWS } from './rows/tls.js';

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
