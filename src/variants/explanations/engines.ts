/** How requests are forwarded inside the process: memory, parsing and scheduling. */
import { prose } from './prose.js';

export const ENGINES = {
  'pooled-buffer': prose(`
    The plain sidecar with one change: the 32 KiB buffers through which bodies are copied come from a pool and go back
    to it. ReverseProxy asks the pool before each copy and returns the buffer when the body is through. A buffer that
    nobody returned in time is made anew, and the collector may empty an unused pool over two of its cycles, so that
    memory does not stay claimed after a burst.

    What is saved is allocation. A fresh buffer has to be found, cleared and, soon after, collected; with small
    answers it is by far the largest object that a request makes, often many times the answer itself. Fewer allocated
    bytes mean that the heap grows more slowly, that collections come less often, and that less CPU goes into marking.
    No system call goes away and no byte is copied less.

    Expect it to show where requests are many and answers are smaller than a buffer, and where the live heap is small,
    as it is in most sidecars, because the collector then runs at short intervals. Expect little where answers are
    megabytes long: one buffer serves a long copy, and the kernel's copying dominates. Copying inside the library, as
    its HTTP/2 does between frames and streams, is not touched by this pool.

    The witness does not trust the option. Every buffer of the pool carries a mark behind its end, and body bytes
    count as pooled only when the buffer that they lay in has that mark. A second counter tells how many gets were
    served by a buffer that had been put back, since a pool that is always empty is a slower way to allocate.

    Allocated bytes per request is the figure that moves first and most surely. CPU follows by less than one may hope,
    because the rest of the request allocates as before, and the tail follows only if collections really were what
    delayed the slowest requests, which a look at the length of pauses beside the tail can rule out. A run with few
    collection cycles has no verdict on CPU, and should have none.
  `),
  lean: prose(`
    A forwarder written for one purpose instead of the standard library's general one. It reads bytes from the client
    into memory that is used again and again, finds the end of the head with a strict HTTP/1.1 parser that works in
    place, writes the head anew without the hop-by-hop fields, and sends head and first body bytes in one write.
    Answers go back in the same manner. Each client connection still has its goroutine, and idle upstream connections
    are kept in a list of which the one used last is taken first.

    No request object, header map or string is built. One allocation is left on a connection that is kept open: the
    buffer of 32 KiB that an answer is read into, which is made anew for each unless buffers are pooled as well.
    Objects per request therefore fall to about one, much of the user-mode time goes, and it can save a system call
    where head and body travel together. The kernel's share stays: bytes must still be read and written on two
    sockets.

    The gain is largest for small messages at high rates, where parsing and allocation are most of what Go code does,
    and it fades with size, as a large body is copied by the same calls either way. It speaks HTTP/1.1 and nothing
    else; a mesh that needs HTTP/2 or policy checks on this hop cannot have it.

    Leaner must not mean laxer. Messages with two lengths, a length beside chunked coding, folded lines or stray line
    ends are refused, as a proxy that reads a message in another way than its neighbour can be made to smuggle one
    request inside another. Upgrades, trailers, interim answers and retries on a connection that has just died are all
    there.

    A counter of requests that this implementation forwarded proves that it, not the library, did the work. Compare
    its user and system CPU apart: if only the user part falls, that is as expected, and the rest is a matter for
    other rows. Do not take the difference as a verdict on the library, which handles protocols and cases that this
    one never meets.
  `),
  'worker-pool': prose(`
    The lean forwarder with a limit on its goroutines. A connection on which nothing happens has none: its socket
    waits in the kernel's epoll set, and its buffers are given back. When bytes arrive, a poller hands the connection
    to a pool of workers, kept by the ants library, of which at most 64 exist unless the scenario says otherwise. A
    worker stays with the connection until its request is answered and no further one has arrived, then leaves it to
    epoll again and turns to the next that waits.

    A goroutine is cheap but not free: it holds a stack of some kilobytes that the collector has to scan, and the
    buffers that it is about to read into. With ten thousand connections that are mostly silent, this is memory and
    scanning for nothing. Against that stands the hand-over: what the poller is told has to reach a worker, at the
    start of a request and again when its upstream answers, and each time that is a switch between goroutines and
    often between threads.

    So the row should win where connections are many and busy ones few, as with the long-lived pools that clients keep
    towards a mesh, and it should lose a little where all connections are busy all the time. The bound is protection
    too: a flood waits in line instead of growing the process. Since a worker is held while the service works, slow
    services need a higher bound, or the line shows in the latency.

    The share of requests that a worker of the pool forwarded must be all of them. Beside it the record holds the
    largest number of workers that were busy at once and the bound it stayed under, and the goroutine count, which has
    to stay flat while connections grow.

    Choose the scenario to match the claim. With a few dozen connections, all in use, the pool can only cost; add idle
    ones to see its side. It works on Linux and on unencrypted sockets, since TLS keeps state and buffered bytes above
    the descriptor that epoll watches. With a single core for the data plane, more than a few workers at once never
    run.
  `),
  netpoll: prose(`
    Event loops in place of goroutines that block. One loop runs for each core that the sidecar may use, on the
    kernel's epoll directly, and owns a share of the connections: clients and, on the same loop, the upstream
    connections that serve them. When the kernel reports that sockets are ready, the loop reads what is there, moves
    each connection's state machine forward as far as the bytes allow, writes, and goes on to the next. The parser and
    the rewriting are those of the lean forwarder, so that only the way of waiting differs from that row.

    Go's own network layer also uses epoll underneath, but wakes a goroutine for every readiness, with a pass through
    the scheduler and sometimes through another thread. A loop handles a whole batch of ready sockets in one turn,
    needs no stack per connection, and never moves a request between threads. The price is that nothing may block,
    that a long piece of work on a loop delays all of its connections, and that fairness is the program's own task.
    When the far side does not drain, the loop must stop reading, or memory grows without bound; for want of that, a
    general library of event loops was tried for this row and left.

    Published gains come from many connections with small messages, and this is where to look for them. With few
    connections, or with large bodies that are bound by copying, there is not much waking to save.

    The counter that matters is the number of requests forwarded by an event loop, against all requests. Goroutines
    are shown beside it: they stay at a handful however many connections there are.

    Be careful with two readings. On one core the scheduler of Go has little to shuffle, and a result there may not
    transfer to eight cores in either direction. And the tail deserves more attention than the mean, because a loop
    trades the independence of its connections for throughput: one slow neighbour is felt by the others. TLS is not
    possible on these loops, as the standard implementation expects a connection that blocks.
  `),
  'channel-contended': prose(`
    The plain sidecar with a mistake in it that is common enough to measure. Every request, whichever connection it
    came in on, is sent through one unbuffered channel to one goroutine, which does its bookkeeping in a shared map
    under one mutex and then lets the request go on; the same mutex is taken once more at the end. People arrive at
    such code honestly: a channel looks like the natural way to share statistics, limits or routes in Go, and in a
    test with one client it costs nothing that can be noticed.

    What it costs is order. Requests that have nothing to do with each other stand in one line. Sending on an
    unbuffered channel means that two goroutines must meet: one is parked, the other made runnable, and often a
    sleeping thread is woken by a system call for it. The mutex adds its own waiting when several cores want it at
    once. None of this is work, so a CPU profile shows it mostly as scheduling; the delay appears in the latency,
    first in the tail.

    It should hurt in proportion to rate and cores. At a few hundred requests a second the line is nearly always
    empty. At tens of thousands the single goroutine becomes the limit of the whole process, and adding cores does not
    raise it.

    Requests that passed the channel are counted and must be all of them, and the time that they waited for their turn
    is added up. The runtime's own total of mutex waiting is in the same record, for those who want to see the second
    half.

    This row cannot show its true size on a data plane with one core: two goroutines that never run at the same moment
    do not contend, and what remains is the cost of switching between them. The report says so where it applies. Treat
    the number from a small machine as a floor, and repeat the run on the number of cores that the sidecar will really
    have before you decide how urgent a repair is. A sharded counter or an atomic per route removes the line
    altogether.
  `),
  'all-on': prose(`
    Everything that this sidecar can switch on for unencrypted HTTP/1.1 and that is expected to help, at once: the
    lean forwarder, which builds no objects for a request; event loops, one per core, in place of goroutines; body
    buffers from a pool; upstream connections that are kept, as many as the workload has. It answers the question that
    comes after all others: if we did the whole list, where would we be?

    The parts do not add up, and one should not expect them to. Some lean on each other: the lean forwarder leaves a
    single allocation, the buffer of an answer, and the pool takes that one too, so that only both together leave the
    collector nothing to do. Others overlap, since a loop and a bounded pool would spare the same goroutines. What
    remains when all of it is on is chiefly the kernel: reading and writing two sockets for each message, waking the
    thread, moving bytes. The distance from here to no mesh at all is what only another architecture could remove.

    The traffic that it flatters is small and frequent. For large bodies, slow services or connections that are opened
    for each request, the result approaches the plain sidecar's, since copying, waiting and connecting are the same.

    Its claims are the sum of its parts: requests forwarded by a loop, by the lean implementation, bytes that lay in
    pooled memory, connections reused. One part that does not show makes the whole row count as not exercised, because
    a bundle of which a third is asleep is worse than no figure.

    The ablation takes it apart. Each factor is switched off from the bundle and, in another variant, switched on
    alone over the plain sidecar. A factor with a large effect alone and none inside the bundle is covered by another;
    one with an effect only inside needs company. Use that before you decide what to build first, and mind that the
    list was chosen for this protocol: policy and TLS are outside it, because the loops cannot speak them. What a mesh
    must have is not optional, however fast the sidecar would be without it.
  `),
} as const;
