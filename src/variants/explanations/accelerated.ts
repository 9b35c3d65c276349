/** Private keys in a device, and several at a time in wide registers. */
import { prose } from './prose.js';

export const ACCELERATED = {
  'qat-tls': prose(`
    A proxy that hands the work with private keys to an Intel QuickAssist device: Envoy through its contributed private
    key provider, or HAProxy through an OpenSSL engine, whichever of the two is installed and able. Everything else of
    TLS stays on the processor: the key exchange where the provider leaves it there, the checking of the peer's
    certificate, the protection of records, the parsing of messages.

    It is for data planes that make many full handshakes, above all with RSA: gateways whose clients come once and go,
    meshes whose connections are short. A signature with RSA-2048 costs a core most of a millisecond, and the device
    takes it over. Traffic that keeps its connections, or resumes its sessions, signs hardly anything, and there is
    nothing to hand over. With ECDSA P-256 a signature is so cheap that asking the device may cost as much as signing.

    The asking must be asynchronous. A worker that waits for each answer gains nothing, since it does no other work
    meanwhile; one that goes on with its other connections and comes back for results is what the figures of vendors
    are measured with. It follows that few connections at once show little: the device works on many requests side by
    side, and one alone takes longer there than on the processor. So latency of a lone handshake may rise while the
    processor's share falls.

    Ciphers and hashes are another matter. For small records the way to the device and back is longer than the
    encryption, which the processor has instructions for; proxies therefore leave records alone.

    The device's own firmware counts the requests it has served, and there must be at least as many as handshakes were
    made. It counts for everybody on the machine: another user of the device would be counted too.

    Where there is no device, the row says where one was looked for. The bound computed from profiles of the Go sidecars
    then tells what perfect offload could save of their traffic, which is the most that buying one could bring.
  `),
  'cryptomb-tls': prose(`
    Envoy with the private key provider that gathers signatures from several connections and computes up to eight of them
    at once in AVX-512 registers. No device takes part: the same cores do the same work, with instructions that multiply
    many integers of 52 bits side by side. It needs a processor with AVX-512 IFMA and a contrib build of Envoy.

    This helps where a device would help, and for the same traffic: full handshakes with RSA keys, in large numbers. It
    costs no hardware and no driver, which is why it is worth asking for before a device is. Eight signatures then take
    little longer than one, so that a busy gateway spends a fraction of its former CPU on them.

    The gain hangs on the batch. Signatures wait until eight are there or a short time has passed, and are then computed
    together; with few handshakes under way the batch is nearly empty, the time is waited for nothing, and every
    handshake is later for it. A worker gathers only its own connections, so that many workers with little to do each
    fill none of their batches. Take many connections and few workers, or expect nothing.

    Wide registers have a price beyond the wait. Some processors lower their clock while such instructions run, and what
    else runs on the core is slowed down with it. On a virtual machine the flag may be shown and the speed of the host
    behind it differ from day to day.

    Nothing in Envoy's counters that are read here tells a signature that was computed in a batch from one that was not.
    What is proven is that the proxy stood in the path and made full handshakes; that it accepted the provider at its
    start is shown by its being up at all, because falling back to plain signatures is switched off.

    Compare it with Envoy under the same options. Against the Go sidecar the difference between two proxies would be
    read as that between two ways to sign.
  `),
};
