/** HTTP/3 between the sidecars. */
import { prose } from './prose.js';

export const QUIC = {
  quic: prose(`
    HTTP/3 between the sidecars, by the quic-go library: QUIC, which runs in the process on top of UDP, takes the
    place of both TCP and TLS records. The client and the service notice nothing and go on in plain HTTP. Certificates
    are demanded on both sides as in the secured rows over TCP; there is no QUIC without encryption.

    Moving the transport out of the kernel moves its work into the sidecar. Acknowledgements, loss detection,
    congestion control, pacing and flow control run as Go code; each packet is encrypted by itself, its header is
    masked, and receiving one means a system call, a lookup of the connection and a hand-over to its goroutine. The
    kernel can batch datagrams in one call where it supports that, but the segmentation offload that makes TCP cheap
    has no full equivalent. A packet holds little more than a kilobyte, while TCP over loopback moves up to 64 KiB in
    one go, so that large answers become dozens of packets with all that this entails.

    The protocol was designed for the opposite surroundings: lossy, distant, mobile. There, independent streams do not
    stop for each other's losses, and a connection survives a change of address. Inside a data centre, published
    comparisons find less throughput than with HTTP/2 on fast links. Expect higher CPU here, and be suspicious of a
    result that says otherwise.

    The proof is the protocol that the second proxy received requests by, which has to be HTTP/3 for all, while its
    counterpart must show none. UDP is used on a port of its own, and nothing falls back to TCP.

    Read CPU split by user and system, since work that the kernel did without being billed to anybody now shows up as
    the process's own: in machine-wide terms the distance is smaller than in terms of process CPU. The size of the UDP
    receive buffer, limited by the system's settings, can cost packets at high rates, and loopback offers neither the
    loss nor the delay for which QUIC was built. A scenario with an added delay is the better judge of latency.
  `),
  'quic-1rtt': prose(`
    A new QUIC connection for each request, with a session that is resumed but without early data. It is a reference
    rather than a recommendation: between it and the row that sends the request in the first flight there is exactly
    one round trip of difference, and between it and a resumed TLS session over TCP there is exactly the transport.

    QUIC merges what TCP and TLS do in turn. The first packet of the client carries the cryptographic hello; the
    answer of the server brings its part and completes the keys; the request goes out with the client's next flight.
    One round trip, then, where TCP needs one to connect and TLS 1.3 a second one. Resumption spares certificates and
    signatures in the same way as over TCP, and a fresh exchange of keys is made nevertheless.

    The price is paid in setting up: a connection in quic-go is a collection of goroutines, timers, packet-number
    spaces for three levels of encryption, and buffers, all allocated and discarded for one request. The first flight
    is padded to at least 1,200 bytes. All connections share one UDP socket, so that the kernel has no new socket to
    create, and no pair of ports lingers afterwards, in contrast to TCP.

    It makes sense for clients that talk seldom to many destinations over some distance. On loopback, where a round
    trip is nearly free, only its disadvantages appear, and CPU per request will look poor. Add a delay to the path
    and the saved round trip shows in the median latency, close to what arithmetic predicts.

    Three counters make the proof: one dial and one handshake belong to each request, and handshakes that resumed must
    be nearly all. Early data must be absent altogether, or the comparison it exists for would have lost its other
    side.

    Do not conclude from this variant that QUIC is slow: opening connections at this rate is what the protocol tries
    to make unnecessary. The row with kept connections is the one to judge it in steady operation.
  `),
  'quic-0rtt': prose(`
    A new QUIC connection for each request, whose request is already in the first flight. The sidecar remembers the
    session of an earlier connection; with the keys that follow from it, it encrypts a request and sends it together
    with its hello, before the server has said anything. If the server accepts, it answers at once. In terms of
    distance a request costs as much as on a connection that had been open all along: one round trip, and none for
    setting up.

    Only requests that are safe to repeat go this way, GET and HEAD without a body. The reason lies in cryptography
    and not in caution: data in the first flight is not bound to a fresh contribution of the server, so that somebody
    who recorded it can send it again, and the server cannot always tell. A proxy that sent orders or payments like
    that could be made to send them twice. Everything else waits for the handshake.

    CPU is hardly saved, because the handshake is still completed in the background, with key exchange and all. What
    is saved is time, exactly one round trip against the row with one. On loopback this is too small to matter; with
    ten or fifty milliseconds between clusters it can be the largest improvement that a sidecar has to offer to
    traffic that connects anew, and it is none at all for traffic that keeps its connections.

    Acceptance is what is counted, not intention: a handshake counts as early only if the server took the early data
    in. If it refuses, after a restart for instance, the request is sent again in the usual way and the share falls;
    below ninety-nine per cent the variant does not pass.

    For a sensible verdict, run it with an added delay and compare the median with the row that waits. If the
    difference is not close to the round trip of the path, something else is in play: a full handshake now and then,
    or a queue. Keep in mind the first request of each process as well, which has no session to resume and is part of
    the warm-up.
  `),
} as const;
