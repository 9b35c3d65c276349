/** nginx as one proxy of the path (nginx 1.22: core, ngx_http_proxy_module, ngx_http_grpc_module). */
import { join } from 'node:path';
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

/** So many requests that no connection is closed for having carried its share. */
const NO_LIMIT = 1_000_000_000;
/** Both sides of each connection, and those that are being opened or closed. */
const LEAST_CONNECTIONS = 4096;
const CONNECTIONS_PER_CLIENT = 4;

/** The configuration, command line and counters of one nginx. */
export function configureNginx(one: ForeignProxy): ForeignConfiguration {
  const { admin, directory } = one;
  const file = join(directory, 'nginx.conf');
  const common = ['-e', 'stderr', '-p', `${directory}/`, '-c', file];
  return {
    file: 'nginx.conf',
    text: `${nginxText(one).join('\n')}\n`,
    argv: common,
    checkArgv: ['-t', ...common],
    source: { type: 'nginx-status', url: `http://${admin.host}:${admin.port}/status` },
  };
}

function nginxText(one: ForeignProxy): string[] {
  const { options, directory, admin, idleUpstreamConnections } = one;
  const mesh = options.duties === 'mesh';
  const connections = Math.max(LEAST_CONNECTIONS, idleUpstreamConnections * CONNECTIONS_PER_CLIENT);
  return [
    // One process that serves: what is measured is the one that was started.
    'daemon off;',
    'master_process off;',
    // nginx removes this file at its end, whatever it is: it must be one of the run's own.
    `pid ${quoted(join(directory, 'nginx.pid'))};`,
    'error_log stderr error;',
    `events { worker_connections ${connections}; }`,
    'http {',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `  ${name}_temp_path ${quoted(join(directory, name))};`,
    ),
    `  keepalive_timeout ${IDLE_LIMIT_S}s;`,
    `  keepalive_requests ${NO_LIMIT};`,
    '  tcp_nodelay on;',
    // Its default refuses bodies above 1 MiB, which no other proxy here does.
    '  client_max_body_size 0;',
    ...(mesh && options.accessLog
      ? [`  access_log ${quoted(join(directory, 'access.log'))} combined buffer=64k flush=1s;`]
      : ['  access_log off;']),
    ...(mesh ? TRACE : []),
    ...peerMap(one),
    `  upstream service { ${upstream(one)} }`,
    '  server {',
    `    listen ${listen(one)};`,
    ...listenTls(one),
    ...passing(one),
    ...(mesh ? ROUTES.map(({ match, path }) => location(match === 'exact' ? `= ${path}` : path, one)) : []),
    location('/', one),
    '  }',
    // Counters, on a listener that no traffic passes.
    '  server {',
    `    listen ${admin.host}:${admin.port};`,
    '    access_log off;',
    '    location = /status { stub_status; }',
    '  }',
    '}',
  ];
}

/** A trace that began before, or a new one whose ids are taken from the random id of the request. */
const TRACE = [
  '  map $request_id $span { "~^(?<head>[0-9a-f]{16})" $head; }',
  '  map $http_traceparent $trace { default $http_traceparent; "" "00-$request_id-$span-01"; }',
];

function upstream({ upstream: { host, port }, options, idleUpstreamConnections }: ForeignProxy): string {
  const server = `server ${host}:${port};`;
  return options.upstreamConnections === 'fresh'
    ? server
    : `${server} keepalive ${idleUpstreamConnections}; keepalive_requests ${NO_LIMIT}; keepalive_timeout ${IDLE_LIMIT_S}s;`;
}

function listen({ listen: { host, port }, proxy }: ForeignProxy): string {
  const secured = proxy.listen.security === 'mtls' ? ' ssl' : '';
  return `${host}:${port}${secured}${proxy.listen.protocol === 'h2' ? ' http2' : ''}`;
}

/** nginx cannot read the URI in a certificate: the common name, which is the same role, stands for it. */
function peerMap({ proxy, peers }: ForeignProxy): string[] {
  return proxy.listen.security === 'mtls'
    ? [`  map $ssl_client_s_dn $peer_known { default 0; "CN=${peers.before ?? ''}" 1; }`]
    : [];
}

function listenTls(one: ForeignProxy): string[] {
  if (one.proxy.listen.security === 'plain') return [];
  const { certificateFile, keyFile, authorityFile } = identityOf(one);
  const { version, resumption } = one.options.tls;
  return [
    `    ssl_certificate ${quoted(certificateFile)};`,
    `    ssl_certificate_key ${quoted(keyFile)};`,
    `    ssl_client_certificate ${quoted(authorityFile)};`,
    '    ssl_verify_client on;',
    `    ssl_protocols TLSv${version};`,
    `    ssl_session_tickets ${resumption ? 'on' : 'off'};`,
    `    ssl_session_cache ${resumption ? 'shared:sidecar:10m' : 'off'};`,
    '    if ($peer_known = 0) { return 403; }',
  ];
}

/** How requests are passed on: `proxy_…` for HTTP/1.1, `grpc_…` for gRPC, which is the only HTTP/2 it speaks upstream. */
function passing(one: ForeignProxy): string[] {
  const { grpc, options } = one;
  const how = grpc ? 'grpc' : 'proxy';
  const connection = options.upstreamConnections === 'fresh' ? 'close' : '""';
  return [
    ...(grpc ? [] : ['    proxy_http_version 1.1;', `    proxy_set_header Connection ${connection};`]),
    `    ${how}_connect_timeout ${CONNECT_LIMIT_S}s;`,
    `    ${how}_read_timeout ${ANSWER_LIMIT_S}s;`,
    `    ${how}_send_timeout ${ANSWER_LIMIT_S}s;`,
    ...(options.duties === 'mesh' ? meshHeaders(how) : []),
    ...upstreamTls(one, how),
  ];
}

function meshHeaders(how: 'grpc' | 'proxy'): string[] {
  return [
    `    ${how}_set_header X-Request-Id $request_id;`,
    `    ${how}_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`,
    `    ${how}_set_header X-Forwarded-Proto $scheme;`,
    `    ${how}_set_header traceparent $trace;`,
    `    ${how}_next_upstream error timeout;`,
    `    ${how}_next_upstream_tries ${RETRIES};`,
  ];
}

function upstreamTls(one: ForeignProxy, how: 'grpc' | 'proxy'): string[] {
  if (one.proxy.upstream.security === 'plain') return [];
  const { certificateFile, keyFile, authorityFile } = identityOf(one);
  const { version, resumption } = one.options.tls;
  return [
    `    ${how}_ssl_certificate ${quoted(certificateFile)};`,
    `    ${how}_ssl_certificate_key ${quoted(keyFile)};`,
    `    ${how}_ssl_trusted_certificate ${quoted(authorityFile)};`,
    `    ${how}_ssl_verify on;`,
    `    ${how}_ssl_name ${peerHost(one)};`,
    `    ${how}_ssl_protocols TLSv${version};`,
    `    ${how}_ssl_session_reuse ${resumption ? 'on' : 'off'};`,
  ];
}

function location(path: string, { grpc, proxy }: ForeignProxy): string {
  const secured = proxy.upstream.security === 'mtls' ? 's' : '';
  const pass = grpc ? `grpc_pass grpc${secured}://service` : `proxy_pass http${secured}://service`;
  return `    location ${path} { ${pass}; }`;
}
