/** What the sidecars speak with one another over TCP. */
import { prose } from './prose.js';

export const PROTOCOLS = {
  passthrough: prose(`
    The same protocol on every hop: what the client speaks, HTTP/1.1 in these scenarios, is spoken between the
    sidecars and to the service as well. In code this is the plain sidecar; as a row it is the counterpart of the one
    that converts. The name should not be taken too literally, since the message is still parsed and written anew by
    each proxy. It only keeps its form.

    Keeping the form is cheap. Head and body arrive as text and octets and leave as such; a body with a known length
    is copied without any framing, and a chunked one with a few digits per piece. One request occupies one connection
    at a time, which wastes sockets but keeps requests apart: a slow one does not hold up its neighbours, and no
    window has to be accounted for.

    It is at its best with small messages and with large downloads alike, and at its worst where many concurrent
    requests would need many connections, for each carries buffers in both kernels, and where long repetitive headers
    are sent in full each time. If connections are expensive, because of encryption or distance, their number begins
    to matter.

    Every proxy counts requests by the version in which they came in. All must be HTTP/1.1, on each hop, and an answer
    that came back in another one would be noticed on the upstream side. The parity check compares the version that
    the client sees.

    Against the converting row you learn what the change of protocol costs or saves within one implementation, Go's.
    Other proxies keep their own internal representation and convert into it in any case, so that the distance there
    may be smaller. The load generator keeps one request in flight per connection, which is the fair way to measure
    latency but does not ask for multiplexing; real clients of HTTP/2 put more on one connection, and might see a
    different balance.
  `),
  'h1-h2-convert': prose(`
    HTTP/1.1 from the client, HTTP/2 between the sidecars, HTTP/1.1 to the service. Meshes do this silently: proxies
    upgrade the traffic among themselves in order to multiplex many requests on few connections, and the application
    never learns of it. Here the middle hop uses HTTP/2 with prior knowledge, without TLS, so that nothing else is
    mixed into the comparison.

    A request is taken apart and framed again twice. Its head becomes a block compressed with HPACK, its body a series
    of frames, each counted against a window of the stream and of the connection, which the receiver has to enlarge
    again by sending frames of its own. In Go every connection has a goroutine that reads frames and hands them to the
    requests that wait for them; that is at least one more wake-up for each direction, besides locks that all streams
    of a connection share.

    What it buys is a small number of connections. Sixty-four clients need one instead of sixty-four between the two
    sidecars, which counts with TLS, across distances and at the accept queue of a large server; headers that repeat
    shrink to a few bytes. For small messages between two neighbours that gain is invisible, and the framing is not.

    The second proxy of the path must have received everything as HTTP/2, whereas the first must have received none of
    it. Both shares are in the table, so that a fallback to the older version would be exposed.

    Watch the tail in particular. A lost packet stops all streams of a TCP connection at once, and even without loss a
    large answer can delay small ones behind it. On loopback nothing is lost, and that danger does not show. All
    streams also share one reader, that is one core at a time: a single connection between two sidecars on large
    machines can become the limit before the CPU does.
  `),
  grpc: prose(`
    The plain sidecar carrying gRPC. The generator acts as a gRPC client, the service is a real gRPC server, and
    HTTP/2 is spoken on every hop, with its streams, its flow control and the trailers in which the status of a call
    is sent. The proxies know nothing about the messages inside; they forward a stream of frames and must not hold
    back any part of it.

    Compared with HTTP/1.1 the head is compressed, the body is framed with a length per message and again in HTTP/2's
    own frames, and a call ends with an additional block of headers. Proxying adds the accounting of windows on both
    sides. Since a stream may carry messages at any time, the sidecar flushes each piece at once; it cannot wait to
    fill a buffer, which for long streams of small messages means a system call for every one.

    Unary calls with small messages show the cost per call, server streams the cost per message. Traffic that rarely
    calls, or that sends large messages, will find the difference to other protocols modest. Cancellation and
    deadlines travel as resets of streams and as headers, and cost nothing until they are used.

    Since all hops speak the same protocol, each proxy has to have received every request as HTTP/2. A call counts as
    successful only if the status in its trailers says so: an HTTP status of 200 is not enough, and failures are
    listed among the errors.

    Take care when you put it beside an HTTP/1.1 variant: generator and service do different work there too, and the
    difference would not be the sidecar's alone. Compare it with no mesh under the same gRPC load instead. Each
    connection of the generator carries one call at a time, so that its latencies are those of calls that do not queue
    behind one another on a stream; clients which push hundreds of calls through a single connection have another
    profile.
  `),
  'h2-tls': prose(`
    HTTP/2 between the sidecars, over mutual TLS, while client and service speak what the workload says. The two
    properties are at home together: in practice HTTP/2 is negotiated inside the handshake, by the extension called
    ALPN, and this is the form in which a mesh normally uses it. It serves as the reference for HTTP/3, which cannot
    be had without encryption and would be compared unfairly with anything plain.

    Costs come in two layers. The upper layer turns messages into frames and back, compresses headers and maintains
    windows. The lower one puts these frames into records, encrypts them, and writes. The layers interact to some
    advantage: several small frames can share a record and a system call when they are ready together. They interact
    to disadvantage as well, since a frame that spans two records has to wait for the second.

    In return all requests of a sidecar travel on one secured connection. There is one handshake, after which
    certificates play no more part until it ends, however many clients come and go. For a mesh whose clients keep poor
    connection discipline this is the largest practical benefit of multiplexing.

    Against HTTP/1.1 over TLS, its counterpart, expect more user time for framing and less memory for connections;
    which of the two wins depends on concurrency. At low concurrency the older protocol tends to be cheaper.

    Evidence is taken from both layers: requests that arrived as HTTP/2, and requests that arrived over a verified
    peer connection, have to be complete at the second proxy. No fallback exists, as a peer that offers another
    protocol in the handshake is turned away.

    Mind that a single connection is served by few goroutines, and on a wider machine it may leave cores idle that
    sixty-four connections would have used. Here the data plane has so few that this cannot be seen. Packet loss, the
    classic weakness of multiplexing over TCP, is likewise absent.
  `),
} as const;
