/** What the sidecars speak with one another. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const PROTOCOL_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'passthrough',
    description: 'The plain sidecar under the name of what it does with protocols: the same on every hop.',
    counterpart: 'h1-h2-convert',
    point: 'http1',
    preset: { meshProtocol: 'same' },
    opposite: { meshProtocol: 'h2' },
    expectations: [
      { metric: 'cpu.per_request', direction: 'lower', source: 'no message is taken apart and framed anew' },
    ],
  }),
  sidecarRow({
    kind: 'h1-h2-convert',
    description: 'HTTP/1.1 from the client, HTTP/2 between the sidecars, HTTP/1.1 to the service.',
    counterpart: 'passthrough',
    point: 'h2',
    preset: { meshProtocol: 'h2' },
    opposite: { meshProtocol: 'same' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'each message is framed anew on two of its hops',
      },
    ],
  }),
  sidecarRow({
    kind: 'grpc',
    description: 'The plain sidecar with gRPC traffic: HTTP/2 with streams and trailers on every hop.',
    counterpart: null,
    point: 'h2',
    preset: { meshProtocol: 'same' },
    opposite: {},
  }),
  sidecarRow({
    kind: 'h2-tls',
    description: 'HTTP/2 over mutual TLS between the sidecars.',
    counterpart: 'mtls-all',
    point: 'h2',
    preset: { meshProtocol: 'h2', mtls: 'all' },
    opposite: { meshProtocol: 'same' },
  }),
  sidecarRow({
    kind: 'quic',
    description: 'HTTP/3 between the sidecars: QUIC in user space over UDP.',
    counterpart: 'h2-tls',
    point: 'h3',
    preset: { meshProtocol: 'h3', mtls: 'all' },
    opposite: { meshProtocol: 'h2' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'arXiv 2310.09423: QUIC reaches up to 45 % less than HTTP/2 on fast links',
      },
    ],
  }),
  sidecarRow({
    kind: 'quic-1rtt',
    description: 'HTTP/3 between the sidecars, a new connection with a resumed session for each request.',
    counterpart: 'tls-resumed',
    point: 'resumed',
    preset: { meshProtocol: 'h3', mtls: 'all', upstreamConnections: 'fresh' },
    opposite: { tls: { resumption: false } },
  }),
  sidecarRow({
    kind: 'quic-0rtt',
    description:
      'HTTP/3 between the sidecars, a new connection for each request, which goes out in the first flight.',
    counterpart: 'quic-1rtt',
    point: 'early-data',
    preset: {
      meshProtocol: 'h3',
      mtls: 'all',
      upstreamConnections: 'fresh',
      tls: { earlyData: true },
    },
    opposite: { tls: { earlyData: false } },
  }),
];
