/** Envoy as one proxy of the path: a static bootstrap, written as JSON (Envoy's reference, "Configuration: Static"). */
import { join } from 'node:path';
import type { CounterSource } from '../../host/index.js';
import type { HopProtocol } from '../../variants/index.js';
import {
  ANSWER_LIMIT_S,
  CONNECT_LIMIT_S,
  type Endpoint,
  type ForeignConfiguration,
  type ForeignProxy,
  IDLE_LIMIT_S,
  RETRIES,
  ROUTES,
} from './configuration.js';
import { downstreamTls, upstreamTls, WORKLOADS } from './envoy-tls.js';

/** Name of the one cluster and prefix of the listener's statistics. */
const CLUSTER = 'service';
const LISTENER = 'sidecar';
const TYPE = 'type.googleapis.com';
const EXTENSIONS = `${TYPE}/envoy.extensions`;
/** Above what any workload opens: Envoy's own limit of 1024 would refuse connections and requests (Istio sets as much). */
const NO_LIMIT = 1_000_000;

/** The configuration, command line and counters of one Envoy. */
export function configureEnvoy(one: ForeignProxy): ForeignConfiguration {
  const file = join(one.directory, 'envoy.json');
  const workers = one.workers === null ? [] : ['--concurrency', String(one.workers)];
  const common = ['--log-level', 'error', '--disable-hot-restart', ...workers];
  return {
    file: 'envoy.json',
    text: `${JSON.stringify(bootstrap(one), null, 2)}\n`,
    argv: ['-c', file, ...common],
    checkArgv: ['--mode', 'validate', '-c', file, ...common],
    source: envoyCounters(one),
  };
}

function bootstrap(one: ForeignProxy) {
  return {
    admin: { address: address(one.admin) },
    static_resources: {
      listeners: [listener(one)],
      clusters: [cluster(one), ...(one.options.duties === 'mesh' ? [COLLECTOR] : [])],
    },
    // The overload manager is left at its default; a limit on connections would refuse part of a workload.
  };
}

function address({ host, port }: Endpoint, protocol: 'TCP' | 'UDP' = 'TCP') {
  return { socket_address: { protocol, address: host.replace(/^\[|\]$/g, ''), port_value: port } };
}

function listener(one: ForeignProxy) {
  const { listen } = one.proxy;
  const h3 = listen.protocol === 'h3';
  return {
    name: LISTENER,
    address: address(one.listen, h3 ? 'UDP' : 'TCP'),
    // A port that another has taken must be an error: shared, each would get a part of the other's traffic. Packets of
    // QUIC can be told apart by workers only with a socket each.
    ...(h3 ? { udp_listener_config: { quic_options: {} } } : { enable_reuse_port: false }),
    filter_chains: [
      {
        filters: [listen.protocol === 'tcp' ? tcpProxy() : httpManager(one)],
        ...(listen.security === 'mtls' ? { transport_socket: downstreamTls(one) } : {}),
      },
    ],
  };
}

function tcpProxy() {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: LISTENER,
      cluster: CLUSTER,
    },
  };
}

function httpManager(one: ForeignProxy) {
  const { proxy, options } = one;
  const mesh = options.duties === 'mesh';
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: LISTENER,
      codec_type: { http1: 'HTTP1', h2: 'HTTP2', h3: 'HTTP3', tcp: 'AUTO' }[proxy.listen.protocol],
      ...(proxy.listen.protocol === 'h3' ? { http3_protocol_options: {} } : {}),
      common_http_protocol_options: { idle_timeout: `${IDLE_LIMIT_S}s` },
      server_header_transformation: 'PASS_THROUGH',
      generate_request_id: mesh,
      use_remote_address: mesh,
      ...(mesh ? { tracing: TRACING } : {}),
      ...(mesh && options.accessLog ? { access_log: [accessLog(one)] } : {}),
      route_config: { virtual_hosts: [{ name: CLUSTER, domains: ['*'], routes: routes(mesh) }] },
      http_filters: [...(proxy.listen.security === 'mtls' ? [PEER_CHECK] : []), ROUTER],
    },
  };
}

/** Where traces would go. A tracer wants one, and asks for it only when there is a trace to be told. */
const COLLECTOR = {
  name: 'collector',
  type: 'STATIC',
  typed_extension_protocol_options: httpOptions({ explicit_http_config: { http2_protocol_options: {} } }),
  load_assignment: { cluster_name: 'collector', endpoints: [] },
};

/** Joins the trace that came in or begins one, and samples none: a collector would be measured with it. */
const TRACING = {
  random_sampling: { value: 0 },
  provider: {
    name: 'envoy.tracers.opentelemetry',
    typed_config: {
      '@type': `${TYPE}/envoy.config.trace.v3.OpenTelemetryConfig`,
      grpc_service: { envoy_grpc: { cluster_name: COLLECTOR.name } },
      service_name: LISTENER,
    },
  },
};

/** Lets workloads of this run alone through, by the URI in their certificate, and counts each request that it did. */
const PEER_CHECK = {
  name: 'envoy.filters.http.rbac',
  typed_config: {
    '@type': `${EXTENSIONS}.filters.http.rbac.v3.RBAC`,
    rules: {
      action: 'ALLOW',
      policies: {
        workloads: {
          permissions: [{ any: true }],
          principals: [{ authenticated: { principal_name: { prefix: WORKLOADS } } }],
        },
      },
    },
  },
};

const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: {
    '@type': `${EXTENSIONS}.filters.http.router.v3.Router`,
    suppress_envoy_headers: true,
  },
};

function accessLog({ directory }: ForeignProxy) {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': `${EXTENSIONS}.access_loggers.file.v3.FileAccessLog`,
      path: join(directory, 'access.log'),
    },
  };
}

function routes(mesh: boolean) {
  const bare = { cluster: CLUSTER, timeout: `${ANSWER_LIMIT_S}s` };
  if (!mesh) return [{ match: { prefix: '/' }, route: bare }];
  const route = {
    ...bare,
    retry_policy: { retry_on: 'connect-failure,refused-stream', num_retries: RETRIES },
  };
  return [
    ...ROUTES.map(({ name, match, path }) => ({
      match: match === 'exact' ? { path } : { prefix: path },
      route,
      stat_prefix: name,
    })),
    { match: { prefix: '/' }, route, stat_prefix: 'rest' },
  ];
}

function cluster(one: ForeignProxy) {
  const { upstream } = one.proxy;
  return {
    name: CLUSTER,
    type: 'STATIC',
    connect_timeout: `${CONNECT_LIMIT_S}s`,
    circuit_breakers: {
      thresholds: [
        {
          max_connections: NO_LIMIT,
          max_pending_requests: NO_LIMIT,
          max_requests: NO_LIMIT,
          retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 },
        },
      ],
    },
    load_assignment: {
      cluster_name: CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(one.upstream) } }] }],
    },
    ...(upstream.protocol === 'tcp' ? {} : upstreamHttp(one, upstream.protocol)),
    ...(upstream.security === 'mtls' ? { transport_socket: upstreamTls(one) } : {}),
  };
}

function upstreamHttp({ options }: ForeignProxy, protocol: Exclude<HopProtocol, 'tcp'>) {
  const fresh = options.upstreamConnections === 'fresh';
  const explicit = {
    http1: 'http_protocol_options',
    h2: 'http2_protocol_options',
    h3: 'http3_protocol_options',
  };
  return {
    typed_extension_protocol_options: httpOptions({
      common_http_protocol_options: {
        idle_timeout: `${IDLE_LIMIT_S}s`,
        ...(fresh ? { max_requests_per_connection: 1 } : {}),
      },
      explicit_http_config: { [explicit[protocol]]: {} },
    }),
  };
}

function httpOptions(options: object) {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
      ...options,
    },
  };
}

function envoyCounters(one: ForeignProxy): CounterSource {
  const { host, port } = one.admin;
  // The names are Envoy's own, with underscores for dots; the filter keeps the answer to a few lines.
  const filter = (names: string) =>
    `http://${host}:${port}/stats/prometheus?filter=${encodeURIComponent(names)}`;
  if (one.proxy.listen.protocol === 'tcp') {
    return {
      type: 'prometheus',
      url: filter(
        `^tcp\\.${LISTENER}\\.downstream_cx_(total|tx_bytes_total)$|^cluster\\.${CLUSTER}\\.upstream_cx_total$`,
      ),
      metrics: {
        connectionsAccepted: [`envoy_tcp_downstream_cx_total{envoy_tcp_prefix="${LISTENER}"}`],
        bytesCopied: [`envoy_tcp_downstream_cx_tx_bytes_total{envoy_tcp_prefix="${LISTENER}"}`],
        upstreamDials: [`envoy_cluster_upstream_cx_total{envoy_cluster_name="${CLUSTER}"}`],
      },
    };
  }
  const ofListener = (name: string) => [`envoy_http_${name}{envoy_http_conn_manager_prefix="${LISTENER}"}`];
  const ofCluster = (name: string) => [`envoy_cluster_${name}{envoy_cluster_name="${CLUSTER}"}`];
  return {
    type: 'prometheus',
    url: filter(
      `^http\\.${LISTENER}\\.(downstream_(rq_total|rq_http\\d_total|cx_total)|rbac\\.allowed)$|^cluster\\.${CLUSTER}\\.(upstream_cx_total|upstream_rq_retry|ssl\\.(handshake|session_reused))$`,
    ),
    metrics: {
      requests: ofListener('downstream_rq_total'),
      requestsHttp1: ofListener('downstream_rq_http1_total'),
      requestsH2: ofListener('downstream_rq_http2_total'),
      requestsH3: ofListener('downstream_rq_http3_total'),
      requestsVerified: ofListener('rbac_allowed'),
      connectionsAccepted: ofListener('downstream_cx_total'),
      upstreamDials: ofCluster('upstream_cx_total'),
      handshakes: ofCluster('ssl_handshake'),
      handshakesResumed: ofCluster('ssl_session_reused'),
      retries: ofCluster('upstream_rq_retry'),
    },
  };
}
