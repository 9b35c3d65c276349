/** Whether a request is allowed, and who is asked. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const POLICY_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'rbac-remote',
    description: 'The last sidecar asks a policy server by gRPC for each request.',
    counterpart: 'rbac-cached',
    point: 'policy-calls',
    preset: { mtls: 'all', policy: 'remote' },
    opposite: { policy: 'none' },
    expectations: [
      { metric: 'cpu.per_request', direction: 'higher', source: 'each request makes one more call' },
      { metric: 'latency.p50', direction: 'higher', source: 'each request waits for one more call' },
    ],
  }),
  sidecarRow({
    kind: 'rbac-cached',
    description:
      'The last sidecar keeps the policy server’s decisions until they expire or a change is pushed to it.',
    counterpart: 'rbac-remote',
    point: 'policy-cache',
    preset: { mtls: 'all', policy: 'cached' },
    opposite: { policy: 'remote' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'a decision found in the cache makes no call',
      },
      { metric: 'latency.p50', direction: 'lower', source: 'a decision found in the cache makes no call' },
    ],
  }),
];
