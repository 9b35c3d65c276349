/** The rows that others are measured from, and those whose content the scenario decides. */
import { prose } from './prose.js';

export const BASELINES = {
  direct: prose(`
    The client talks to the service over the connections of the workload, and nothing stands between them. There is no
    proxy process, no second connection, no parsing of the message on the way. It is the control of the run: the
    overhead of every other variant is its distance from this one.

    A request here costs what two programs and the kernel cannot avoid: a write and a read on either side, the copy
    through the socket buffers, the wake-up of a thread that waits for the answer, and the work of the service itself.
    Each proxy in a path repeats that whole set once more and adds its own parsing and copying. That is why two
    sidecars can make a small request several times as slow although each of them is a fast program.

    It matters for every kind of traffic, but what it says depends on the service. Where the service works for fifty
    milliseconds, the mesh disappears beside it; where it answers from memory, as the one behind this run does, the
    mesh is most of what a user would notice. Read the differences in microseconds, which carry over to another
    service, before the ratios, which do not.

    The proof is an absence: no data-plane process is started, so there is no CPU to charge, and no counter of a proxy
    can move. The parity check compares its status, body and headers with those of all others before any load, so that
    a proxy that answered by itself would be seen.

    Two things call for care. Its CPU per request is zero by definition, because only the data plane's processes are
    charged; the machine-wide figure is the one in which the kernel's own part shows. And without a proxy the
    generator and the service meet more directly than they would in production: on one machine they may share caches
    and a core, so that this control is a little too good, and overheads a little too large.
  `),
  plain: prose(`
    This is the Go sidecar in the form in which most of them are first written. The standard library's HTTP server
    accepts a connection and gives it a goroutine of its own; httputil.ReverseProxy rewrites the request's headers and
    hands it to http.Transport, which takes an idle upstream connection or opens one; the answer's body is copied
    through a buffer that was allocated for it. Hop-by-hop headers are removed, trailers, upgrades and interim answers
    pass. In the usual path there are two of them, outbound and inbound.

    What it spends is easy to name. Every message is parsed into objects: a request, a header map, strings for names
    and values, a context, a response. A copy buffer of 32 KiB is made for each body, however small that body is, and
    is garbage a moment later. Reading and writing take a system call each on both connections, and a blocked
    goroutine costs a trip through the scheduler and the network poller. Allocation is what feeds the collector, whose
    marking takes a quarter of the cores while it runs.

    In one respect it is better than a first attempt: it keeps as many idle upstream connections as the workload has
    connections. Two, which is the library's default, would make a straw man of it; that mistake has a row of its own.

    Its witnesses say that each proxy of the path saw every request, and that requests went out on connections that
    were already open. Allocated bytes and objects per request, from the runtime's counters, show the price of the
    convenience.

    It is the baseline of most comparisons, so remember what a change against it can and cannot be: kernel work for
    the sockets is a large part of its CPU, and no rewriting of Go code takes that away. With one core for the data
    plane, collector and requests also compete for the same core; on a machine with many the same garbage hurts less.
  `),
  sidecar: prose(`
    A Go sidecar whose options the scenario spells out. It starts from the plain one and changes exactly what is
    written: the implementation of HTTP, the model of concurrency, buffers, upstream connections, the protocol and the
    security between the sidecars, policy, duties. All named rows are made of these options as well, so that a
    combination of your own is measured with the same code and not with a second program that happens to resemble it.

    Some combinations are refused before anything starts, with the reason. Event loops cannot speak TLS, because Go's
    implementation of it blocks; a bounded pool needs the lean forwarder; HTTP/3 has no form without encryption; a
    sidecar that copies raw bytes sees no requests, and so can neither check policy nor do the duties of a mesh.

    Use it for the question that you really have, for instance whether pooled buffers still pay once mutual TLS is on,
    or what HTTP/2 between the sidecars does for bodies of your size. Change one option at a time against a second
    variant of this kind and compare the pair; two options changed together give a sum of which nobody can tell the
    parts. The ablation, where a scenario asks for one, does that systematically.

    What it must prove follows from its options: each option that names a mechanism adds the claim for that mechanism,
    held against the counters of every proxy in the path, and every other mechanism must show nothing. An option that
    is accepted and then has no effect does not pass unnoticed: the variant is reported as not exercised instead of
    being given a number under a wrong name.

    When you read the result, look at the options listed above first, since the id is only a name that somebody chose.
    Then look at the duties: a sidecar that merely copies bytes is no fair rival for one that routes, counts and
    traces.
  `),
  injected: prose(`
    A mesh that the cluster has already. The variant's namespace or its pods carry the labels and annotations by which
    that mesh knows whom it is for, an admission webhook of its own puts the proxy into each pod as the pod is made, and
    traffic goes to a Service, since that is what meshes route by. Nothing of the proxy is configured from here.

    Two things are held against it. The containers that the scenario names must be in the pods, or the variant fails
    before a request is sent; and connections must reach the service from its own pod, where the proxy stands, and from
    nowhere else: a mesh that has put its proxy in and leads the traffic past it proves nothing. With no containers named,
    the opposite is held: none may be there, and the service must see the client itself.

    Its CPU is that of every process in those pods that is not one of the harness's own: the proxy, and whatever starts
    it, watches it or fetches its certificates beside it. What the proxy alone could tell, such as garbage collection or
    handshakes, appears as not known.

    Compare it with the direct path on the same cluster, and read the mesh's configuration beside the figures: retries,
    access logs, telemetry filters and mutual TLS are on or off there, and each of them costs more than most differences
    between proxies. A mesh whose proxies stand outside the pods, one for each node, cannot be billed in this way and is not for this row.
  `),
  custom: prose(`
    A program of your own in the place of the proxy. The scenario gives its command line, in which the harness fills
    in where to listen and where to send; one is started for each sidecar of the path, beside the other variants, get the same requests in the same blocks,
    and ended with the run. Nothing is known of its inside: it may be a proxy in any language, one that people run
    in production, or an earlier build of a sidecar whose next version is under test.

    What can be measured from outside is measured exactly as for all others: latency from the intended send time,
    throughput, errors by cause, the CPU time of the process that was started, by the kernel's clock for it, context
    switches and memory. What only the program itself could tell is missing and says so. Garbage collection,
    allocation and hop times have no source here, and they appear as not known, never as zero.

    It suits any traffic that the program speaks. Take care that it is set up as the others are: the number of worker
    threads, keep-alive to the upstream, buffering of bodies, and logging decide more than the implementation does. A
    proxy that waits for the whole body before it forwards, or that closes its upstream connection after each answer,
    is not slow by nature but by its settings.

    Where the scenario says which of the program's own figures is its count of requests, that count must match what was
    sent, and its place in the path is proven. Without such a figure nothing is claimed, and the result rests on behaviour
    alone. The parity check before the load is therefore the part to read first: same status, same body digest, same protocol
    version and which headers were added or lost, beside all other variants.

    A comparison with a sidecar of this project is between two whole programs. It says which is cheaper for this
    traffic and by how much, and nothing about why. For the why, profile the program in a separate run: a profiler's
    own cost would be billed to the process, and the figures would no longer be comparable. Child processes that
    it has by its first answer are billed with it; those that it starts later are not. Duties that it performs
    beyond forwarding are part of its price; the matrix cannot list what it cannot see.
  `),
} as const;
