/** Upstream connections kept, or opened for each request. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const CONNECTION_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'pooled-connection',
    description: 'The plain sidecar under the name of what it does with upstream connections: it keeps them.',
    counterpart: 'fresh-connection',
    point: 'upstream-reuse',
    preset: { upstreamConnections: 'pooled' },
    opposite: { upstreamConnections: 'fresh' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'no connection is set up and torn down for a request',
      },
    ],
  }),
  sidecarRow({
    kind: 'fresh-connection',
    description: 'The plain sidecar with a new upstream connection for each request.',
    counterpart: 'pooled-connection',
    point: 'fresh-connections',
    preset: { upstreamConnections: 'fresh' },
    opposite: { upstreamConnections: 'pooled' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'a connection is set up and torn down for each request',
      },
    ],
  }),
  sidecarRow({
    kind: 'default-idle',
    counterpart: 'pooled-connection',
    description:
      'The plain sidecar with Go’s default of two idle upstream connections: under load it dials for many requests.',
    point: 'proxy-in-path',
    preset: { idleUpstreamConnections: 2 },
    opposite: { idleUpstreamConnections: 'auto' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source:
          'net/http keeps two idle connections to a host unless told otherwise (DefaultMaxIdleConnsPerHost)',
      },
    ],
  }),
];
