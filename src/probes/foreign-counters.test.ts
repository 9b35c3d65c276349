import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haproxyCounters, nginxCounters, prometheusCounters } from './foreign-counters.js';

/** What the programs said after five requests over mutual TLS (nginx: without), one of them meshmark's own to see them ready. */
const said = (file: string) => readFileSync(join(import.meta.dirname, 'testing', file), 'utf8');

describe('the counters of proxies that people run', () => {
  it('are read from Envoy’s Prometheus text', () => {
    const of = (name: string, label: string) => [`envoy_${name}{${label}}`];
    const listener = 'envoy_http_conn_manager_prefix="sidecar"';
    const cluster = 'envoy_cluster_name="service"';
    expect(
      prometheusCounters(said('envoy.prom.txt'), {
        requests: of('http_downstream_rq_total', listener),
        requestsHttp1: of('http_downstream_rq_http1_total', listener),
        requestsH2: of('http_downstream_rq_http2_total', listener),
        handshakes: of('cluster_ssl_handshake', cluster),
        upstreamDials: of('cluster_upstream_cx_total', cluster),
      }),
    ).toEqual({ requests: 5, requestsHttp1: 5, requestsH2: 0, handshakes: 1, upstreamDials: 1 });
  });

  it('are read from HAProxy’s CSV, backends added up', () => {
    const back = (field: string) =>
      ['service', 'service_health', 'service_api'].map((proxy) => ({ proxy, row: 'BACKEND', field }));
    expect(
      haproxyCounters(said('haproxy.csv'), {
        requests: [{ proxy: 'sidecar', row: 'FRONTEND', field: 'req_tot' }],
        requestsHttp1: [{ proxy: 'sidecar', row: 'FRONTEND', field: 'h1_total_streams' }],
        requestsVerified: back('req_tot'),
        upstreamDials: back('connect'),
      }),
    ).toEqual({ requests: 5, requestsHttp1: 5, requestsVerified: 5, upstreamDials: 1 });
  });

  it('are refused where HAProxy has no such row or column', () => {
    const cell = (proxy: string, field: string) => ({ requests: [{ proxy, row: 'FRONTEND', field }] });
    expect(() => haproxyCounters(said('haproxy.csv'), cell('nobody', 'req_tot'))).toThrow(/nobody/);
    expect(() => haproxyCounters(said('haproxy.csv'), cell('sidecar', 'no_such'))).toThrow(/no_such/);
    expect(() => haproxyCounters('', cell('sidecar', 'req_tot'))).toThrow(SyntaxError);
  });

  it('are read from nginx’s status, less the readings themselves', () => {
    expect(nginxCounters(said('nginx.status.txt'), 1)).toEqual({ connectionsAccepted: 6, requests: 5 });
    expect(nginxCounters(said('nginx.status.txt'), 2)).toEqual({ connectionsAccepted: 5, requests: 4 });
    expect(() => nginxCounters('<html>not found</html>', 1)).toThrow(SyntaxError);
  });
});
