/** How requests are forwarded: implementations, buffers, concurrency. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const ENGINE_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'plain',
    description:
      'The Go sidecar as people first write it: a goroutine per connection, a fresh copy buffer per body, enough idle upstream connections for the workload.',
    counterpart: null,
    point: 'proxy-in-path',
    opposite: { upstreamConnections: 'fresh' },
  }),
  sidecarRow({
    kind: 'pooled-buffer',
    description: 'The plain sidecar with copy buffers that are put back and used again.',
    point: 'buffer-pool',
    preset: { buffers: 'pooled' },
    opposite: { buffers: 'fresh' },
    expectations: [
      {
        metric: 'alloc.bytes_per_request',
        direction: 'lower',
        source: 'a buffer that is used again is not allocated',
      },
    ],
  }),
  sidecarRow({
    kind: 'lean',
    description:
      'A strict HTTP/1.1 forwarder of our own in place of net/http: a goroutine per connection, nothing allocated for a request but its copy buffer.',
    point: 'lean-http',
    preset: { http: 'lean' },
    opposite: { http: 'net-http' },
    expectations: [
      {
        metric: 'alloc.objects_per_request',
        direction: 'lower',
        source: 'it builds no request and header objects',
      },
    ],
  }),
  sidecarRow({
    kind: 'worker-pool',
    description:
      'The lean sidecar with a bounded number of goroutines: idle connections are parked in the kernel’s poller, those with something to read are served by a pool.',
    counterpart: 'lean',
    point: 'worker-pool',
    preset: { http: 'lean', concurrency: 'worker-pool' },
    opposite: { concurrency: 'goroutine' },
  }),
  sidecarRow({
    kind: 'netpoll',
    description: 'The lean sidecar on event loops, one a core, instead of a goroutine per connection.',
    counterpart: 'lean',
    point: 'event-loop',
    preset: { http: 'lean', concurrency: 'event-loop' },
    opposite: { concurrency: 'goroutine' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'Netpoll and Kitex, 2020: throughput +30 %, mean latency −25 % with event-loop I/O',
      },
    ],
  }),
  sidecarRow({
    kind: 'channel-contended',
    description:
      'The anti-pattern: every request handed through one channel, with its bookkeeping under one mutex.',
    point: 'serialised',
    preset: { concurrency: 'channel' },
    opposite: { concurrency: 'goroutine' },
    needsTwoCores:
      'contention needs two cores that run the sidecar at once; on one core a lock is seldom found taken',
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'higher',
        source: 'a hand-over between goroutines is two more wake-ups for each request',
      },
    ],
  }),
  sidecarRow({
    kind: 'mesh-duties',
    description:
      'The plain sidecar doing for each request what a mesh does: route match, request id, forwarding and trace headers, time limits, retry budget, metrics.',
    point: 'duties',
    preset: { duties: 'mesh' },
    opposite: { duties: 'bare' },
    expectations: [
      { metric: 'cpu.per_request', direction: 'higher', source: 'it does more work for each request' },
    ],
  }),
  sidecarRow({
    kind: 'all-on',
    description:
      'The Go sidecar with everything on that helps plain HTTP/1.1: lean forwarding on event loops, pooled buffers and connections.',
    point: 'event-loop',
    preset: { http: 'lean', concurrency: 'event-loop', buffers: 'pooled' },
    opposite: { http: 'net-http', concurrency: 'goroutine', buffers: 'fresh' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'each of its parts is expected to save CPU',
      },
    ],
  }),
];
