/**
 * The witnesses: counters read from the mechanisms themselves, turned into shares between 0 and 1. A claim is the name
 * of one, or `name@role` where it is claimed of one proxy of the path only.
 *
 * - `proxy-in-path`: requests seen by each proxy of the path over requests sent.
 * - `upstream-reuse`: requests served on an upstream connection that was already open.
 * - `fresh-connections`: upstream connections opened over requests.
 * - `buffer-pool`: body bytes copied through a pooled buffer over body bytes copied.
 * - `buffer-pool-hits`: buffer gets served by a buffer used before over buffer gets.
 * - `lean-http`, `worker-pool`, `event-loop`, `serialised`: requests that went through that mechanism.
 * - `mtls`, `plaintext`: requests that came in over verified mutual TLS, or without.
 * - `key-rsa`, `key-ecdsa`, `aes-gcm`, `chacha20`: requests sent on over such a certificate or cipher.
 * - `handshakes`: TLS handshakes over requests; `full`, `resumed` and `early-data`: which share of them was such.
 * - `http1`, `h2`, `h3`: requests that came in by that protocol.
 * - `policy-calls`: calls to the policy server over requests; `policy-cache`: decisions found in the cache.
 * - `duties`: requests for which every duty of a mesh was done.
 * - `messages`: bytes of answers that eBPF handed over beneath TCP/IP, on the hop where least was.
 * - `kernel-forwarding`: bytes of answers that the kernel moved between a sidecar’s sockets, over those received.
 * - `connects-redirected`: connections that the kernel sent elsewhere over those that arrived there.
 * - `intercepted`: connections whose original destination was another over those accepted.
 * - `kernel-policy`: bytes of answers that eBPF judged over those received.
 * - `qat-requests`: requests that a QuickAssist device served, over TLS handshakes made; at most 1.
 * - `proxied`: connections that the service took from its own pod, where a proxy stands beside it; `unproxied`: from others.
 */
export const WITNESSES = [
  'proxy-in-path',
  'upstream-reuse',
  'fresh-connections',
  'buffer-pool',
  'buffer-pool-hits',
  'lean-http',
  'worker-pool',
  'event-loop',
  'serialised',
  'mtls',
  'plaintext',
  'key-rsa',
  'key-ecdsa',
  'aes-gcm',
  'chacha20',
  'handshakes',
  'full',
  'resumed',
  'early-data',
  'http1',
  'h2',
  'h3',
  'policy-calls',
  'policy-cache',
  'duties',
  'messages',
  'kernel-forwarding',
  'connects-redirected',
  'intercepted',
  'kernel-policy',
  'qat-requests',
  'proxied',
  'unproxied',
] as const;

export type WitnessName = (typeof WITNESSES)[number];
export type ProxyRole = 'outbound' | 'gateway' | 'inbound';
export type Claim = WitnessName | `${WitnessName}@${ProxyRole}`;
