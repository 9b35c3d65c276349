/** Proxies that people run today, each with the settings that its documentation gives for a sidecar. */
import type { CatalogueRow } from '../catalogue-row.js';

const common = {
  counterpart: 'plain',
  point: 'proxy-in-path',
  needsTwoCores: null,
  caveat: null,
} as const;

/** One worker on a core of its own, HTTP/1.1 with connections that are kept, answers of 128 B; µs of CPU a request. */
const GO_MEASURED = 'Go’s httputil.ReverseProxy took 103 to 108';
const measured = (words: string) =>
  `measured on two cores in November 2026: ${words} µs of CPU a request, ${GO_MEASURED}`;

export const PROXY_ROWS: readonly CatalogueRow[] = [
  {
    ...common,
    kind: 'envoy',
    needs: ['program:envoy'],
    description:
      'Envoy as a sidecar: its HTTP connection manager and router with a static configuration, one worker for each core of the data plane.',
    form: {
      type: 'foreign',
      program: 'envoy',
      preset: {},
      opposite: { upstreamConnections: 'fresh' },
    },
    expectations: [
      { metric: 'cpu.per_request', direction: 'higher', source: measured('Envoy 1.40.0 took 128 to 154') },
      {
        metric: 'memory.rss_peak',
        direction: 'higher',
        source: 'Envoy 1.40.0 held 66 to 69 MB, the Go proxy 12 MB',
      },
    ],
  },
  {
    ...common,
    kind: 'haproxy',
    needs: ['program:haproxy'],
    description:
      'HAProxy as a sidecar: one process, a thread for each core of the data plane, upstream connections shared by all.',
    form: {
      type: 'foreign',
      program: 'haproxy',
      preset: {},
      opposite: { upstreamConnections: 'fresh' },
    },
    expectations: [
      { metric: 'cpu.per_request', direction: 'lower', source: measured('HAProxy 2.6.12 took 42 to 47') },
    ],
  },
  {
    ...common,
    kind: 'nginx',
    needs: ['program:nginx'],
    description: 'nginx as a sidecar: one worker process that does everything, upstream connections kept.',
    // Whether it keeps its upstream connections, nginx does not count: nothing that could be switched off is claimed.
    form: { type: 'foreign', program: 'nginx', preset: {}, opposite: {} },
    expectations: [
      { metric: 'cpu.per_request', direction: 'lower', source: measured('nginx 1.22.1 took 43') },
    ],
  },
];
