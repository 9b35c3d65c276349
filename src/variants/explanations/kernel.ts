/** What the kernel does beneath a sidecar, or in its place. */
import { prose } from './prose.js';

export const KERNEL = {
  'ebpf-sockops': prose(`
    Two eBPF programs sit beneath the sockets of this variant. The first is called when a connection is established and
    puts either end into a table, if the connection belongs to a server of the path and both ends are on this machine.
    The second is called whenever one of those sockets is written to. It looks up the other end and appends the bytes to
    what that one has to read. They never become segments: no TCP or IP header, no checksum, no acknowledgement, no
    congestion window, no loopback device.

    The sidecar itself is the plain one and knows nothing of this. It reads and writes as before, wakes as often as
    before, and makes the same number of system calls. What is saved lies between those calls, so that the share saved
    is large where a hop does little else, as with byte copying and big answers, and small where HTTP is parsed and
    requests are built. Kernels account work on loopback to whoever sends, which is why process CPU falls here at all.

    A hop whose ends stand on different machines gains nothing. Real meshes put the client beside its own sidecar and
    the service beside another, so the first and the last hop of a path may take this road while the one between them
    may not; in this run every hop could. Read it as an upper limit of what the technique brings to a mesh.

    The program counts what it handed over and what it could not, for each server apart. Bytes handed over to the
    client have to equal those that the generator received, and the program must be attached still when a window ends.

    Whatever observes packets sees none of these: captures, traffic control, filters and policies in the network layer.
    A policy has to be placed into the short cut as well, or it is passed by. The first connection from before the
    programs were attached goes the ordinary way for as long as it lives.
  `),
  'ebpf-sockmap': prose(`
    This sidecar accepts and dials, pairs the two sockets, and then leaves them alone. A parser and a verdict program in
    eBPF see whatever arrives on either of them and pass it to the other, inside the kernel, so that the payload is not
    copied to the process and back. It can be had for traffic that is forwarded byte by byte only; to change a header
    somebody has to read it.

    Handing over is the delicate part. Bytes that came before the kernel was ready have been read by the process, and
    the kernel may take over a direction only when everything read has been written, lest later bytes overtake earlier
    ones. The end of a direction needs care for the same reason: the connection to the far side is closed for writing
    once all that was received has been sent on, and not when the process learns of the end.

    The process then costs next to nothing, and this is what makes the technique look free. It is not. The work is done
    by workers of the kernel, which belong to no process; compare the machine-wide figure, in which they are contained,
    before you conclude anything. Handing packets to a worker also adds a wake-up to each of them, so that latency
    may well be worse than that of a process which copies.

    Bytes moved by the kernel, read from a map of the program, are held against those that the client received. What the
    process still copied itself is counted beside it, and shows how much went by before the hand-over.

    It suits long streams of large pieces between sockets that stay connected. For short connections the hand-over is
    most of the work. Flow control is coarser than that of a copying proxy, since the kernel queues what the slower side
    does not take; keep an eye on memory where readers are slow.
  `),
  'zero-sidecar': prose(`
    The mesh without a proxy in the path. When the client connects to the address of the service, a hook of eBPF on
    connect() replaces that address by the one of a process which serves it, and nothing else happens to the connection
    for the rest of its life. Asked for the name of its peer, the socket still answers with the address it was given, so
    that the application cannot tell. Load balancing between services, and policy by address, can be had like this.

    What it does not do is most of what a sidecar does: no route by path, no retries, no identity from certificates, no
    encryption, no metrics by request. Compare it with the plain row to learn what all of that costs together, and with
    the direct row to learn what redirecting costs, which should be nothing after the connection stands. If a difference
    between this one and the direct row shows, then connections are short, or the interval is too optimistic.

    Its CPU by process is that of the agent that holds the programs, and idles. Honest comparison needs the machine-wide
    figure, to which the hooks add their part.

    Every connection that reached the service is held against those that the hook has sent there; a connection that
    came by another way would show. The address that clients use belongs to nobody: without the program a connection to
    it is refused, and cannot reach the service by accident. With the short cut for messages switched on as an option,
    the bytes of a connection also go around TCP, as in the row of that name.

    Which process an address leads to is an entry in a map and can be exchanged at any moment, for connections made
    after it. Those that stand are not moved. Whoever needs them gone has to close them, which the deny list of the agent
    does.
  `),
  'rbac-ebpf': prose(`
    Who may talk to whom is decided in the kernel, by addresses. A hook on connect() refuses a connection to what is
    denied before a packet is sent, and the caller is told so at once. A filter on the sockets of the run judges each
    packet of the connections that stand; where bytes take the short cut beneath TCP, which a packet filter never sees,
    the program of the short cut asks the same table. Mutual TLS is on between the sidecars as in the other rows of its
    family, so that nothing but the place of the decision differs.

    It knows less than a sidecar does. Neither method nor path is visible, and the caller is a group of processes and not
    a certificate. Rules of the kind that names an endpoint can be kept here, and those that speak of requests cannot;
    many meshes use both, the coarse one in the kernel. Do not read a saving here as a reason to drop rules that you need.

    The price for one request is a lookup for each packet or message, independent of how many rules there are. No call is
    made, no wake-up is added, and nobody's memory of earlier decisions has to be right.

    The list can be replaced while traffic flows and nothing is restarted. Connections that become forbidden are cut:
    their packets are dropped, and where the kernel can, their sockets are destroyed, so that the client need not wait
    for a timeout. Before any load an address that is forbidden is tried, and a run in which it can be reached fails.

    Bytes of answers that the programs judged are held against the bytes that the client received. Look at the row of
    cached decisions for what a per-request policy costs when it is well made; the distance between the two is small for
    large answers and slow services.
  `),
} as const;
