/** HAProxy as one proxy of the path (HAProxy's Configuration Manual, 2.6). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CounterSource, type HaproxyCell, QAT_ENGINE } from '../../host/index.js';
import type { Identity } from '../certificates.js';
import {
  ANSWER_LIMIT_S,
  CONNECT_LIMIT_S,
  type ForeignConfiguration,
  type ForeignProxy,
  IDLE_LIMIT_S,
  identityOf,
  peerHost,
  quoted,
  RETRIES,
  ROUTES,
} from './configuration.js';

const FRONTEND = 'sidecar';
const SERVER = 'upstream';
/** HAProxy reads a certificate and its key from one file, which is written beside its configuration. */
export const HAPROXY_IDENTITY = 'identity.pem';

/** What goes into that file. */
export function joinedIdentity({ certificateFile, keyFile }: Identity): string {
  return [certificateFile, keyFile].map((path) => `${readFileSync(path, 'utf8').trim()}\n`).join('');
}

/** The configuration, command line and counters of one HAProxy. */
export function configureHaproxy(one: ForeignProxy): ForeignConfiguration {
  const file = join(one.directory, 'haproxy.cfg');
  const text = one.proxy.listen.protocol === 'tcp' ? tcpText(one) : httpText(one);
  return {
    file: 'haproxy.cfg',
    text: `${text.join('\n')}\n`,
    // In the foreground, without a master process: what is measured is the one process that was started.
    argv: ['-db', '-f', file],
    checkArgv: ['-c', '-f', file],
    source: haproxyCounters(one),
  };
}

/**
 * Lines of `global` that hand all that OpenSSL's engine for QuickAssist can do to it, asynchronously: a thread goes on with
 * its other connections meanwhile (Configuration Manual, 3.1, `ssl-engine` and `ssl-mode-async`). They stand before any
 * certificate is loaded, since keys are made for an engine.
 */
const QUICKASSIST = [`  ssl-engine ${QAT_ENGINE} algo ALL`, '  ssl-mode-async'] as const;

function head({ workers, options, proxy, accelerator }: ForeignProxy, mode: 'http' | 'tcp'): string[] {
  const secured = proxy.listen.security === 'mtls' || proxy.upstream.security === 'mtls';
  // Its limit on connections follows from the limit on files that it was started with, and needs no line.
  return [
    'global',
    ...(workers === null ? [] : [`  nbthread ${workers}`]),
    ...(accelerator === 'quickassist' ? QUICKASSIST : []),
    // A port that another has taken must be an error: shared, each would get a part of the other's traffic.
    '  noreuseport',
    ...(secured && !options.tls.resumption ? ['  tune.ssl.cachesize 0'] : []),
    'defaults',
    `  mode ${mode}`,
    `  timeout connect ${CONNECT_LIMIT_S}s`,
    `  timeout client ${IDLE_LIMIT_S}s`,
    `  timeout server ${mode === 'tcp' ? IDLE_LIMIT_S : ANSWER_LIMIT_S}s`,
  ];
}

/** Counters by CSV, on a listener that no traffic passes. */
function statistics({ admin }: ForeignProxy): string[] {
  return [
    'frontend admin',
    '  mode http',
    `  bind ${admin.host}:${admin.port}`,
    '  timeout client 10s',
    '  stats enable',
    '  stats uri /stats',
    '  stats show-modules',
    '  http-request use-service prometheus-exporter if { path /metrics }',
  ];
}

function tcpText(one: ForeignProxy): string[] {
  const { listen, upstream } = one;
  return [
    ...head(one, 'tcp'),
    ...statistics(one),
    `frontend ${FRONTEND}`,
    `  bind ${listen.host}:${listen.port}`,
    '  default_backend service',
    'backend service',
    `  server ${SERVER} ${upstream.host}:${upstream.port}`,
  ];
}

function httpText(one: ForeignProxy): string[] {
  const mesh = one.options.duties === 'mesh';
  return [
    ...head(one, 'http'),
    `  timeout http-keep-alive ${IDLE_LIMIT_S}s`,
    '  timeout http-request 60s',
    ...statistics(one),
    ...(mesh && one.options.accessLog ? ['ring access', '  format raw', '  size 1048576'] : []),
    `frontend ${FRONTEND}`,
    `  bind ${bind(one)}`,
    ...peerCheck(one),
    ...(mesh ? meshFrontend(one) : []),
    '  default_backend service',
    ...backends(one).flatMap((name) => backend(name, one)),
  ];
}

function bind(one: ForeignProxy): string {
  const { listen, proxy, options } = one;
  const at = `${listen.host}:${listen.port}`;
  if (proxy.listen.security === 'plain') return proxy.listen.protocol === 'h2' ? `${at} proto h2` : at;
  const identity = identityOf(one);
  return [
    `${at} ssl crt ${quoted(join(one.directory, HAPROXY_IDENTITY))} ca-file ${quoted(identity.authorityFile)} verify required`,
    versions(one),
    `alpn ${proxy.listen.protocol === 'h2' ? 'h2' : 'http/1.1'}`,
    ...(options.tls.resumption ? [] : ['no-tls-tickets']),
  ].join(' ');
}

function versions({ options }: ForeignProxy): string {
  return `ssl-min-ver TLSv${options.tls.version} ssl-max-ver TLSv${options.tls.version}`;
}

/** HAProxy cannot read the URI in a certificate: the common name, which is the same role, stands for it. */
function peerCheck({ proxy, peers }: ForeignProxy): string[] {
  return proxy.listen.security === 'mtls'
    ? [
        `  http-request deny unless { ssl_c_used } { ssl_c_verify 0 } { ssl_c_s_dn(cn) ${peers.before ?? ''} }`,
      ]
    : [];
}

function meshFrontend({ options }: ForeignProxy): string[] {
  const random = (count: number) => '%[rand(4294967295),hex,lower]'.repeat(count);
  return [
    '  unique-id-format %[uuid()]',
    '  unique-id-header X-Request-Id',
    '  option forwardfor',
    '  http-request set-header X-Forwarded-Proto http',
    // A number is written as 16 hexadecimal digits.
    `  http-request set-header traceparent 00-${random(2)}-${random(1)}-01 unless { req.hdr(traceparent) -m found }`,
    ...(options.accessLog ? ['  log ring@access local0', '  option httplog'] : []),
    ...ROUTES.map(
      ({ name, match, path }) =>
        `  use_backend service_${name} if { ${match === 'exact' ? 'path' : 'path_beg'} ${path} }`,
    ),
  ];
}

/** Names of the backends: one for each route, since a backend is what HAProxy counts by. */
function backends({ options }: ForeignProxy): readonly string[] {
  return ['service', ...(options.duties === 'mesh' ? ROUTES.map(({ name }) => `service_${name}`) : [])];
}

function backend(name: string, one: ForeignProxy): string[] {
  const { options } = one;
  const fresh = options.upstreamConnections === 'fresh';
  const mesh = [`  retries ${RETRIES}`, '  option redispatch', '  retry-on conn-failure empty-response'];
  return [
    `backend ${name}`,
    ...(fresh ? ['  http-reuse never', '  option http-server-close'] : ['  http-reuse always']),
    ...(options.duties === 'mesh' ? mesh : []),
    `  server ${SERVER} ${server(one, fresh)}`,
  ];
}

function server(one: ForeignProxy, fresh: boolean): string {
  const { upstream, proxy, options, idleUpstreamConnections } = one;
  const at = `${upstream.host}:${upstream.port}`;
  const h2 = proxy.upstream.protocol === 'h2';
  // Its own delay of 5 s would close connections at rest while other variants are measured.
  const pool = fresh
    ? 'max-reuse 0 pool-max-conn 0'
    : `pool-max-conn ${idleUpstreamConnections} pool-purge-delay 10m`;
  const plain = [at, pool, ...(h2 ? ['proto h2'] : [])];
  if (proxy.upstream.security === 'plain') return plain.join(' ');
  const identity = identityOf(one);
  const name = peerHost(one);
  return [
    ...plain,
    `ssl crt ${quoted(join(one.directory, HAPROXY_IDENTITY))} ca-file ${quoted(identity.authorityFile)}`,
    `verify required verifyhost ${name} sni str(${name})`,
    versions(one),
    `alpn ${h2 ? 'h2' : 'http/1.1'}`,
    ...(options.tls.resumption ? [] : ['no-ssl-reuse', 'no-tls-tickets']),
  ].join(' ');
}

function haproxyCounters(one: ForeignProxy): CounterSource {
  const at = `http://${one.admin.host}:${one.admin.port}`;
  const url = `${at}/stats;csv`;
  const front = (field: string): HaproxyCell => ({ proxy: FRONTEND, row: 'FRONTEND', field });
  if (one.proxy.listen.protocol === 'tcp') {
    // A frontend counts the bytes of a connection when it ends, or every 5 s; the process counts those that it sends as
    // it sends them, what goes on to the upstream among them.
    return {
      type: 'prometheus',
      url: `${at}/metrics?scope=global`,
      metrics: {
        connectionsAccepted: ['haproxy_process_connections_total'],
        bytesCopied: ['haproxy_process_bytes_out_total'],
      },
    };
  }
  const names = backends(one);
  const back = (field: string) => names.map((proxy): HaproxyCell => ({ proxy, row: 'BACKEND', field }));
  return {
    type: 'haproxy-csv',
    url,
    cells: {
      requests: [front('req_tot')],
      requestsHttp1: [front('h1_total_streams')],
      requestsH2: [front('h2_backend_total_streams')],
      // What reached a backend has passed the check of its peer. Without TLS there are no handshakes to count.
      requestsVerified:
        one.proxy.listen.security === 'mtls'
          ? back('req_tot')
          : [front('ssl_sess'), front('ssl_reused_sess')],
      connectionsAccepted: [front('conn_tot')],
      upstreamDials: back('connect'),
      // Sessions that were resumed are not among its `ssl_sess`.
      handshakes: [...back('ssl_sess'), ...back('ssl_reused_sess')],
      handshakesResumed: back('ssl_reused_sess'),
      retries: back('wretr'),
    },
  };
}
