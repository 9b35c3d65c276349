/** Rows that are not the Go sidecar, and the one that leaves its options to the scenario. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

const none = { expectations: [], needsTwoCores: null, needs: [], caveat: null } as const;

export const FOREIGN_ROWS: readonly CatalogueRow[] = [
  {
    ...none,
    kind: 'direct',
    description:
      'No mesh: the client talks to the service. The control that every overhead is measured from.',
    counterpart: null,
    form: { type: 'direct' },
    point: null,
  },
  sidecarRow({
    kind: 'sidecar',
    description: 'The Go sidecar with the options the scenario gives.',
    point: 'proxy-in-path',
  }),
  {
    ...none,
    kind: 'node-plain',
    description: 'A Node.js sidecar as a JavaScript team first writes it: node:http and stream.pipeline.',
    counterpart: 'plain',
    form: { type: 'node', preset: { buffers: 'fresh' }, opposite: { idleUpstreamConnections: 1 } },
    point: 'proxy-in-path',
  },
  {
    ...none,
    kind: 'node-pooled',
    description: 'A Node.js sidecar that reads bodies into buffers which are put back and used again.',
    counterpart: 'node-plain',
    form: { type: 'node', preset: { buffers: 'pooled' }, opposite: { buffers: 'fresh' } },
    point: 'buffer-pool',
    expectations: [
      {
        metric: 'alloc.bytes_per_request',
        direction: 'lower',
        source: 'a buffer that is used again is not allocated',
      },
    ],
  },
  {
    ...none,
    kind: 'custom',
    description:
      'A proxy of the user’s own: any program that can be told where to listen and where to send, once for each sidecar of the path.',
    counterpart: null,
    form: { type: 'custom' },
    point: null,
  },
  {
    ...none,
    kind: 'injected',
    description:
      'A mesh that the cluster has already, such as Istio or Linkerd: the variant’s pods ask for its proxy by labels and annotations. On `provider: kubernetes`.',
    counterpart: 'direct',
    form: { type: 'injected' },
    point: null,
    needs: ['kubernetes'],
    caveat:
      'what the mesh does to the traffic is its own configuration, which is not seen from here: read that before comparing it; that the proxy beside the service is in the path is proven, that the one beside the client is can only be read there',
  },
];
