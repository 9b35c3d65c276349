/** Mutual TLS in Envoy: the run's own authority, and workloads told by the URI in their certificates. */
import { ENVOY_PROVIDERS } from '../../host/index.js';
import type { ForeignProxy } from './configuration.js';
import { identityOf, peerHost } from './configuration.js';

/** What the URI of every workload of a run begins with. */
export const WORKLOADS = 'spiffe://meshmark/';

const SESSIONS = 1024;

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const QUIC = 'type.googleapis.com/envoy.extensions.transport_sockets.quic.v3';

/** The listening side: a client must have a certificate of the run's authority. */
export function downstreamTls(one: ForeignProxy) {
  const { resumption } = one.options.tls;
  const context = {
    common_tls_context: commonContext(one, one.proxy.listen.protocol),
    require_client_certificate: true,
    ...(resumption
      ? {}
      : { disable_stateless_session_resumption: true, disable_stateful_session_resumption: true }),
  };
  return one.proxy.listen.protocol === 'h3'
    ? {
        name: 'envoy.transport_sockets.quic',
        typed_config: { '@type': `${QUIC}.QuicDownstreamTransport`, downstream_tls_context: context },
      }
    : {
        name: 'envoy.transport_sockets.tls',
        typed_config: { '@type': `${TLS}.DownstreamTlsContext`, ...context },
      };
}

/** The calling side. */
export function upstreamTls(one: ForeignProxy) {
  const { resumption } = one.options.tls;
  const context = {
    common_tls_context: commonContext(one, one.proxy.upstream.protocol),
    // Over QUIC Envoy also wants the host's name to be in the certificate.
    sni: peerHost(one),
    // A ticket of TLS 1.3 is used once: Envoy's usual one would be gone while several connections are being made.
    max_session_keys: resumption ? SESSIONS : 0,
  };
  return one.proxy.upstream.protocol === 'h3'
    ? {
        name: 'envoy.transport_sockets.quic',
        typed_config: { '@type': `${QUIC}.QuicUpstreamTransport`, upstream_tls_context: context },
      }
    : {
        name: 'envoy.transport_sockets.tls',
        typed_config: { '@type': `${TLS}.UpstreamTlsContext`, ...context },
      };
}

/** How often a worker asks the device for results; Envoy's documentation has the same for both providers' examples. */
const POLL_DELAY = { quickassist: '0.002s', 'multi-buffer': '0.010s' } as const;

/**
 * The key, or the provider that works with it (envoy.extensions.transport_sockets.tls.v3.PrivateKeyProvider). Both are
 * asynchronous: the worker goes on with its other connections. Without `fallback` an Envoy that cannot use it ends.
 */
function privateKey({ accelerator }: ForeignProxy, filename: string) {
  if (accelerator === null) return { private_key: { filename } };
  const { name, type } = ENVOY_PROVIDERS[accelerator];
  return {
    private_key_provider: {
      provider_name: name,
      typed_config: {
        '@type': type,
        poll_delay: POLL_DELAY[accelerator],
        private_key: { filename },
      },
      fallback: false,
    },
  };
}

function commonContext(one: ForeignProxy, protocol: string) {
  const identity = identityOf(one);
  const version = one.options.tls.version === '1.3' ? 'TLSv1_3' : 'TLSv1_2';
  return {
    tls_params: { tls_minimum_protocol_version: version, tls_maximum_protocol_version: version },
    tls_certificates: [
      {
        certificate_chain: { filename: identity.certificateFile },
        ...privateKey(one, identity.keyFile),
      },
    ],
    validation_context: {
      trusted_ca: { filename: identity.authorityFile },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: WORKLOADS } }],
    },
    alpn_protocols: protocol === 'h3' ? ['h3'] : protocol === 'h2' ? ['h2'] : ['http/1.1'],
  };
}
