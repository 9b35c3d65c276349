/** Proxies that people run today. */
import { prose } from './prose.js';

export const PROXIES = {
  envoy: prose(`
    Envoy, the proxy inside most service meshes, stood up as the sidecars of the path. Its configuration is static and
    short: one listener, the HTTP connection manager, the router, one cluster with the next hop in it. It runs as many
    workers as the data plane has cores, each with an event loop and with connections and pools of its own. Limits on
    connections and requests are lifted, as a mesh lifts them, since the built-in ones are small and would turn load into
    refusals.

    A request goes through a chain of filters, and every step keeps statistics. Headers are parsed into maps, checked and
    written again; bodies move through buffers that are linked instead of copied. That generality is what it is chosen
    for, and what it costs: for small messages over HTTP/1.1 a worker spends about three times the CPU of a plain
    forwarder in C, and more than Go's own reverse proxy. A process begins at several tens of megabytes, as its table of
    statistics and its many features are there whether or not they are used.

    Between sidecars it speaks HTTP/1.1, HTTP/2 or HTTP/3. With mutual TLS each side checks the other by the run's
    authority and by the URI in its certificate, and a filter for access control lets through only requests whose peer
    has such a URI. Mesh duties are its native work: a route table with counters and a histogram for each route, request
    ids, forwarding and trace headers, a retry budget. The tracer joins traces and samples none, because a collector
    would be measured with it.

    Its own counters are the proof: requests by protocol, new upstream connections, handshakes and resumed ones, requests
    that the access filter allowed. They are asked for at an admin port that no traffic passes.

    Mind which build it is. The one that the set-up fetches is packaged by a third party and pinned by digest; it lacks
    the contributed extensions, hardware acceleration for TLS among them. A mesh adds filters, telemetry and a control
    plane, so that a sidecar in production will do more than this one. It allocates by other means than a garbage
    collected runtime, and allocation and collection are left empty for it.
  `),
  haproxy: prose(`
    HAProxy, a load balancer in C, placed where a sidecar stands. One process in the foreground has one thread for each
    core of the data plane. Its upstream connections are shared by all clients and kept for as long as the workload may
    rest; by default it would close part of those at rest every few seconds, and dial anew in the middle of a comparison.
    Time limits are those that its manual asks for, and equal to the ones of the Go sidecar.

    It was made for this and little else. Requests are parsed in place in a buffer of fixed size, headers are indexed
    rather than copied, and when a message is forwarded it is the same memory that is sent. Nothing is allocated from the
    system while traffic flows. Expect less than half of the CPU of a general proxy in Go with small messages, and a
    distance that shrinks as answers grow and the kernel's copying takes over.

    HTTP/1.1 and HTTP/2 can be spoken on either side; this version as Debian packages it has no QUIC. Under mutual TLS it
    verifies its peer by the authority of the run, and, as it cannot read a URI in a certificate, by the host name or the
    common name beside it. Each request is let on only where a verified certificate was presented.

    With mesh duties it makes a request id, appends forwarding headers, begins a trace where there is none, picks one of
    four backends by path and counts by them. It tries again when a connection fails. What it does not have is a budget
    for such retries, so that cell of the matrix of duties stays empty. A trace that it joins keeps its parent, which
    saves a little work that others do.

    Its statistics prove the rest: requests and streams by protocol, connections attempted, sessions of TLS that were new
    and that were resumed. Where bytes are copied it counts those that the whole process sent.

    Compare it with rows that carry the same duties, and look at the workers in the parity table on machines with many
    cores. It does no service discovery, takes no policy and reports to nobody here; a mesh that used it would have to add
    programs beside it, and those would cost something.
  `),
  nginx: prose(`
    The web server nginx as the proxies of the path. It runs as one process that accepts, reads and writes by itself,
    without the master that usually watches over it, because only then does one process hold all of the cost. On a data
    plane of several cores that is a handicap; the number of workers is in the parity table, and such a comparison should
    be read as one of cost and not of capacity.

    It reads a request, asks its configuration where it belongs, and relays it over a connection taken from a small cache.
    Buffers come from pools that live as long as the request. All of this is old, terse C, and shows in figures near those
    of the best: a few tens of microseconds for a small exchange, a few megabytes of memory. Without the settings for
    kept upstream connections it would open a new one each time, which is the classic mistake; here as many are kept as
    the workload needs.

    Toward its upstream it speaks HTTP/1.1, or the HTTP/2 of gRPC when that is the workload, with one call at a time on a
    connection. Plain HTTP/2 to an upstream does not exist in it, nor has this version HTTP/3. Copying bytes would need a
    module that the small package omits. For mutual TLS the peer's chain is verified, and its host or common name in
    place of the URI that it cannot read.

    Duties of a mesh are done as far as its language goes: ids, forwarding headers, a trace that begins with the digits of
    the request id, routes by path, time limits. It retries at other upstreams only, and a sidecar has no other; it keeps
    no latency by route. Both gaps are in the matrix of duties and belong in any conclusion about its price.

    The status page counts connections and requests for the whole process, the readings of this harness among them,
    which are subtracted. It tells neither dials nor protocols nor handshakes. So only the place in the path is claimed,
    and everything else is marked as not counted instead of being taken on trust.
  `),
} as const;
