/** Rows whose private keys are worked on by something other than the plain processor. */
import type { CatalogueRow } from '../catalogue-row.js';
import type { WrittenOptions } from '../options.js';

/** Full handshakes with RSA-2048, one for each request: where private keys weigh most. */
const FULL_RSA: WrittenOptions = {
  mtls: 'all',
  upstreamConnections: 'fresh',
  tls: { key: 'rsa', resumption: false },
};
const common = { counterpart: 'envoy', needsTwoCores: null } as const;

export const ACCELERATED_ROWS: readonly CatalogueRow[] = [
  {
    ...common,
    kind: 'qat-tls',
    description:
      'Envoy, or HAProxy, whose TLS private-key work is done by an Intel QuickAssist device: full handshakes with RSA-2048.',
    point: 'qat-requests',
    needs: ['quickassist'],
    caveat: 'compare it with the same proxy and the same options without the device, not with the Go sidecar',
    form: {
      type: 'foreign',
      program: 'envoy',
      accelerator: 'quickassist',
      preset: FULL_RSA,
      opposite: {},
    },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'lower',
        source:
          'vivo, quoting Intel: asymmetric work 1.6 to 2 times as fast, and nothing gained without asynchronous calls (xquic issue 405)',
      },
    ],
  },
  {
    ...common,
    kind: 'cryptomb-tls',
    description:
      'Envoy whose TLS private-key work is done eight at a time in AVX-512 registers, without any device: full handshakes with RSA-2048.',
    point: 'proxy-in-path',
    needs: ['multi-buffer'],
    caveat:
      'nothing counts the batches, so that its place in the path is all that is proven; compare it with Envoy and the same options',
    form: {
      type: 'foreign',
      program: 'envoy',
      accelerator: 'multi-buffer',
      preset: FULL_RSA,
      opposite: {},
    },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'lower',
        source: 'eight RSA signatures at once in AVX-512 registers, when as many handshakes are under way',
      },
    ],
  },
];
