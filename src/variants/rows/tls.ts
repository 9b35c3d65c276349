/** Mutual TLS between the sidecars: keys, handshakes, ciphers, scope. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const TLS_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'tls-rsa',
    description: 'Mutual TLS between the sidecars with RSA-2048 certificates.',
    counterpart: 'tls-ecdsa',
    point: 'key-rsa',
    preset: { mtls: 'all', tls: { key: 'rsa' } },
    opposite: { tls: { key: 'ecdsa' } },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'higher',
        source:
          'an RSA-2048 signature costs many times one of ECDSA P-256 (Envoy: 1,389 against 576 µs a handshake)',
      },
    ],
  }),
  sidecarRow({
    kind: 'tls-ecdsa',
    description: 'Mutual TLS between the sidecars with ECDSA P-256 certificates.',
    counterpart: 'tls-rsa',
    point: 'key-ecdsa',
    preset: { mtls: 'all', tls: { key: 'ecdsa' } },
    opposite: { tls: { key: 'rsa' } },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'lower',
        source:
          'an ECDSA P-256 signature costs a fraction of one of RSA-2048 (Envoy: 576 against 1,389 µs a handshake)',
      },
    ],
  }),
  sidecarRow({
    kind: 'tls-full',
    description: 'A new connection with a full TLS handshake between the sidecars for each request.',
    counterpart: 'tls-resumed',
    point: 'full',
    preset: { mtls: 'all', upstreamConnections: 'fresh', tls: { resumption: false } },
    opposite: { tls: { resumption: true } },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'higher',
        source: 'a full handshake signs and verifies certificates (RFC 8446, section 2)',
      },
    ],
  }),
  sidecarRow({
    kind: 'tls-resumed',
    description: 'A new connection with a resumed TLS session between the sidecars for each request.',
    counterpart: 'tls-full',
    point: 'resumed',
    preset: { mtls: 'all', upstreamConnections: 'fresh', tls: { resumption: true } },
    opposite: { tls: { resumption: false } },
    expectations: [
      {
        metric: 'cpu.per_handshake',
        direction: 'lower',
        source: 'a resumed session signs nothing (RFC 8446, section 2.2)',
      },
    ],
  }),
  sidecarRow({
    kind: 'tls-aes-gcm',
    description: 'Mutual TLS between the sidecars with AES-128-GCM.',
    counterpart: 'tls-chacha20',
    point: 'aes-gcm',
    preset: { mtls: 'all', tls: { cipher: 'aes-128-gcm' } },
    opposite: { tls: { cipher: 'chacha20-poly1305' } },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'the processor has instructions for AES and GCM, and none for ChaCha20',
      },
    ],
  }),
  sidecarRow({
    kind: 'tls-chacha20',
    description: 'Mutual TLS between the sidecars with ChaCha20-Poly1305.',
    counterpart: 'tls-aes-gcm',
    point: 'chacha20',
    preset: { mtls: 'all', tls: { cipher: 'chacha20-poly1305' } },
    opposite: { tls: { cipher: 'aes-128-gcm' } },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'the processor has instructions for AES and GCM, and none for ChaCha20',
      },
    ],
  }),
  sidecarRow({
    kind: 'mtls-all',
    description: 'Mutual TLS on every hop between sidecars.',
    counterpart: 'mtls-none',
    point: 'mtls',
    preset: { mtls: 'all' },
    opposite: { mtls: 'none' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'arXiv 2411.02267: mutual TLS at 3,200 requests/s adds 8 to 166 % latency, by mesh',
      },
    ],
  }),
  sidecarRow({
    kind: 'mtls-cross-cluster',
    description: 'Mutual TLS only on hops that leave a cluster.',
    counterpart: 'mtls-all',
    point: 'mtls',
    preset: { mtls: 'cross-cluster' },
    opposite: { mtls: 'none' },
    expectations: [{ metric: 'cpu.per_request', direction: 'lower', source: 'fewer hops encrypt' }],
  }),
  sidecarRow({
    kind: 'mtls-none',
    description: 'No TLS between the sidecars.',
    counterpart: 'mtls-all',
    point: 'plaintext',
    preset: { mtls: 'none' },
    opposite: { mtls: 'all' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'arXiv 2411.02267: mutual TLS at 3,200 requests/s adds 8 to 166 % latency, by mesh',
      },
    ],
  }),
];
