/** Upstream connections: kept, kept too few, or none kept. */
import { prose } from './prose.js';

export const CONNECTIONS = {
  'default-idle': prose(`
    The plain sidecar with a setting left alone that ought not to be. Go's http.Transport keeps two idle connections
    to a host unless it is told another number (DefaultMaxIdleConnsPerHost). A proxy has one upstream and many
    clients: whenever more than two requests are on their way at once, the third connection that comes free finds the
    idle list full and is closed, and the next request has to open one again.

    Each such opening is a handshake of three packets, a new socket with its buffers on either side, an accept in the
    next server, a fresh goroutine with its stack there, and later the closing packets and an entry that lingers in
    TIME_WAIT. With TLS between the sidecars a cryptographic handshake comes on top. On a real network the round trip
    is added to the latency of just those requests that met the full list, so that it looks like an unexplained tail.

    How bad it is depends on concurrency, not on the rate as such. One client connection never notices. Sixty-four
    that send at the same time can turn most requests into new connections; bursts are worst, because the idle list is
    emptied at the start of each and overflows at its end. HTTP/2 and HTTP/3 are immune, as they put all requests on
    one connection.

    This row makes no claim of reuse, since its point is that reuse fails. That its proxies saw every request is
    proven as usual, and the dials per request in the witness table tell how often a connection was opened: compare
    them with the plain sidecar's, which are practically none.

    Read the result as the price of a default, and check your own proxies for it: the symptom in production is a
    steady count of TIME_WAIT sockets towards one address. On loopback connecting is nearly free of delay, so the
    latency here understates what a network would add, while the CPU figure is realistic. In a long run at high rate
    the range of local ports may run out, which would appear among the connect errors.
  `),
  'pooled-connection': prose(`
    The plain sidecar, listed under what it does with its upstream connections: it keeps them. After an answer has
    been read to its end, the connection goes back to an idle list that is as long as the workload has connections,
    and the next request takes it from there. Code and settings are those of the row called plain; the second name
    exists so that the comparison with a new connection for each request has two sides that differ in nothing else.

    A kept connection saves the exchange of SYN and acknowledgement before the first byte, the creation and release of
    two sockets, the accept and the new goroutine in the next hop, and the closing exchange. It also saves what is
    less easily seen: a connection that has been used has a congestion window that has grown, an estimate of the round
    trip, and warm memory on both sides. With encryption the saving multiplies, for a handshake costs more than the
    request.

    There is a price, paid in other coin. Idle connections occupy descriptors and memory in both programs; they pin
    traffic to the servers that were there when they were opened, so that new replicas stay cold; and one may die
    silently, so that a proxy must be ready to send a request again. The sidecar retries once where that is safe.

    It matters for all traffic with more than an occasional request, and most of all for short ones. Only where a
    client calls once a minute does the question lose its meaning, as nothing stays open for so long.

    Reuse is proven by subtraction: dials are counted at the moment of the attempt, also failing ones, and requests
    that caused none were served on a connection that stood already. At least ninety-nine of a hundred must be such.

    On this path the distance to the other row is a lower bound, because connecting over loopback needs no travel. Add
    the round trip of your own network, once per hop and request, to see what users would feel.
  `),
  'fresh-connection': prose(`
    A sidecar that opens a new upstream connection for every request and closes it after the answer. Each proxy of the
    path does so, the last one towards the service as well, so that a request through two sidecars makes two
    connections of its own. Everything else is as in the row that keeps them.

    What follows is a small lifecycle per request: a socket is created, three packets establish it, the other side
    accepts and starts a goroutine, buffers are allocated in the kernel and in Go, the exchange takes place at the
    initial congestion window, then both ends close and one of them remembers the pair of ports in TIME_WAIT for a
    minute. Most of it is kernel work, so that system time grows more than user time, and part of it happens in soft
    interrupts that no process is billed for; look at the machine-wide figure as well.

    Nobody configures this on purpose, but many arrive at it: a client library without keep-alive, a Connection header
    passed on by mistake, a load balancer that closes after each answer, an idle timeout shorter than the gap between
    requests. Small, frequent requests suffer most. For a download of many megabytes the set-up vanishes in the total.

    Here the count of dials has to match the count of requests, in every proxy. A pool that crept in somewhere would
    show as a share below ninety-nine per cent, and the row would be rejected.

    Two artefacts need watching. A single pair of addresses has some twenty-eight thousand local ports by default on
    Linux, and at a high rate they are used up before TIME_WAIT gives them back; that is a real limit, but of this
    bench and not of your mesh, and it would turn up as connect errors. And since the travel time of loopback is close
    to nothing, latency tells only half: on a network each hop adds a full round trip before the request may even
    leave.
  `),
} as const;
