/** The catalogue: every kind of variant, what it is, and what must be proved of it. */
import type { CatalogueRow } from './catalogue-row.js';
import { ACCELERATED_ROWS } from './rows/accelerated.js';
import { CONNECTION_ROWS } from './rows/connections.js';
import { ENGINE_ROWS } from './rows/engines.js';
import { FOREIGN_ROWS } from './rows/foreign.js';
import { KERNEL_ROWS } from './rows/kernel.js';
import { POLICY_ROWS } from './rows/policy.js';
import { PROTOCOL_ROWS } from './rows/protocols.js';
import { PROXY_ROWS } from './rows/proxies.js';
import { TLS_ROWS } from './rows/tls.js';

export const CATALOGUE: readonly CatalogueRow[] = [
  ...FOREIGN_ROWS.filter(({ kind }) => kind === 'direct'),
  ...ENGINE_ROWS,
  ...CONNECTION_ROWS,
  ...TLS_ROWS,
  ...PROTOCOL_ROWS,
  ...POLICY_ROWS,
  ...KERNEL_ROWS,
  ...PROXY_ROWS,
  ...ACCELERATED_ROWS,
  ...FOREIGN_ROWS.filter(({ kind }) => kind !== 'direct'),
];

/** The row of a kind, or undefined when the catalogue has none. */
export function catalogueRow(kind: string): CatalogueRow | undefined {
  return CATALOGUE.find((row) => row.kind === kind);
}
