/** What the kernel does in place of a sidecar, or beneath it. */
import type { CatalogueRow } from '../catalogue-row.js';
import { sidecarRow } from './row.js';

export const KERNEL_ROWS: readonly CatalogueRow[] = [
  sidecarRow({
    kind: 'rbac-ebpf',
    description:
      'Connections and data are judged by their addresses in eBPF programs; no sidecar asks anybody.',
    counterpart: 'rbac-cached',
    point: 'kernel-policy',
    preset: { mtls: 'all', policy: 'kernel' },
    opposite: { policy: 'none' },
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'looking an address up in a map costs less than a decision on identity, method and path',
      },
    ],
  }),
  sidecarRow({
    kind: 'ebpf-sockops',
    description:
      'The plain sidecar whose sockets, where both ends are on this machine, hand each other their bytes beneath TCP/IP (sockops and sk_msg).',
    point: 'messages',
    preset: { sameHost: 'messages' },
    opposite: { sameHost: 'tcp' },
    expectations: [
      {
        metric: 'latency.p50',
        direction: 'lower',
        source: 'intel/istio-tcpip-bypass: 15 to 20 % lower latency by the same short cut',
      },
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source: 'what is handed over beneath TCP makes no segments and no acknowledgements',
      },
    ],
  }),
  sidecarRow({
    kind: 'ebpf-sockmap',
    description:
      'A sidecar that copies bytes, with the payload moved between its two sockets by the kernel (sk_skb with a stream parser). It moves CPU into kernel workers, which only the machine-wide figure shows.',
    point: 'kernel-forwarding',
    preset: { forwarding: 'sockmap' },
    opposite: { forwarding: 'copy' },
    caveat:
      'it moves CPU out of the sidecar into kernel workers, which belong to no process: compare the machine-wide figure',
    expectations: [
      {
        metric: 'cpu.per_request',
        direction: 'lower',
        source:
          'the sidecar’s process no longer reads and writes the payload; a first trial found 1 µs a request in it, and 18 µs more in kernel workers',
      },
    ],
  }),
  {
    kind: 'zero-sidecar',
    description:
      'No proxy in the data path: connect() is redirected in the kernel, straight to the service, whose address the client goes on seeing.',
    counterpart: 'plain',
    form: {
      type: 'zero-sidecar',
      preset: { interception: 'connect' },
      opposite: { interception: 'none' },
    },
    point: 'connects-redirected',
    needs: [],
    needsTwoCores: null,
    caveat:
      'its process CPU is an idle agent’s; what connections still cost is the kernel’s, and only the machine-wide figure shows it',
    expectations: [
      { metric: 'cpu.per_request', direction: 'lower', source: 'there is no proxy to use any' },
      { metric: 'latency.p50', direction: 'lower', source: 'each proxy left out is one hop less' },
    ],
  },
];
