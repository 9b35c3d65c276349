/** The sidecar in JavaScript. */
import { prose } from './prose.js';

export const NODE = {
  'node-plain': prose(`
    A sidecar in JavaScript as a team at home in that language would first write it. Node's own HTTP server parses
    requests with its native parser; each is sent on with http.request through an agent that keeps connections; bodies
    run through stream.pipeline, which moves chunks from one stream to the other and slows the reader when the writer
    lags. It is meant as the counterpart of the plain Go sidecar, and of nothing more refined.

    Everything happens on one thread. The event loop takes what the kernel reports ready, and runs the callbacks one
    by one. There is no contention and no scheduler to pay for, but also just one core to use, whatever the machine
    has. Each request creates dozens of objects: messages, headers, streams with their internal states, closures. They
    die young, which V8 handles by copying the survivors of a small nursery very often and very fast; memory for the
    bytes themselves lies outside the heap, where each read takes a fresh piece.

    Under small messages the work in JavaScript for each request dominates. Under large ones the distance narrows,
    because the bytes are moved by the same kernel.

    Its place in the path is proven as for all proxies, and reuse of upstream connections by its own count of dials.
    Allocation is the sum of the heap's growth between collections, and of what was read into memory outside it;
    objects are not counted by V8, and that figure is absent rather than guessed.

    Collector figures need translation before they are compared with Go's. Pauses come from the runtime's performance
    hooks and stop the only thread there is, so that they hold most of the collector's work, while Go's are the short
    moments in which a concurrent collector stops the world. What V8 does on threads of its own is part of the
    process's CPU and not of the pause. A process on one thread also saturates early: mind the share of the core that
    it used, as latencies close to saturation tell about queues and little else.
  `),
  'node-pooled': prose(`
    The JavaScript sidecar with memory that is used again. On the upstream side the socket is opened with a reading
    buffer of the program's own, which Node fills directly in place of creating a new one for each read; the answer is
    parsed where it lies, and its body is written to the client out of the same memory, which goes back to the pool
    when that write is done. Since Node's own client cannot read like this, a small client of the project's own takes
    its place. Requests still come in through the standard server with its strict parser, and their bodies in fresh
    memory.

    The point of attack is memory outside the heap. Every read in ordinary Node code creates a buffer with an object
    to represent it, a backing store that has to be allocated and cleared, and a finaliser that the collector has to
    run later. For a proxy these are created at the rate of the traffic and die at once. Reuse takes both allocation
    and release out of the loop, together with the pressure that makes V8 collect because of external memory.

    It cannot change the cost of the JavaScript around it: headers are still strings and maps, callbacks are still
    called. One should look for its benefit with bodies of tens of kilobytes and more, and expect little with tiny
    answers, where a chunk is small beside the objects that manage it. A buffer that a slow client holds is out of the
    pool for as long, so that many slow clients bring allocation back.

    Body bytes that lay in a pooled buffer are counted against all body bytes, and gets that were served by a returned
    buffer against all gets. Both must be nearly complete, just as in Go's row of the same idea.

    Judge it against the plain JavaScript sidecar only, and know that the two differ in more than memory: the smaller
    HTTP client towards the upstream saves work of its own, which no counter tells apart from the saving by reuse. A
    comparison with a Go variant mixes two languages, two parsers and two schedulers, and would be attributed to
    buffers wrongly. Allocated bytes combine two sources, the statistics of the heap at each collection and the
    program's own count outside it; the first is an estimate between collections, so that small differences in this
    figure, unlike the large ones, should not be believed.
  `),
} as const;
