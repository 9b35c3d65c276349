/** Symmetric ciphers, and which hops are secured at all. */
import { prose } from './prose.js';

export const ENCRYPTION = {
  'tls-aes-gcm': prose(`
    Mutual TLS between the sidecars with AES in Galois/Counter Mode and a key of 128 bits for the data. It is what Go
    picks by itself under TLS 1.3 on a processor that has instructions for AES and for carry-less multiplication,
    which nearly all servers do. The row names the choice so that it can be put beside the alternative.

    Every byte between the sidecars is encrypted once and decrypted once, in records of up to 16 KiB, each with an
    authentication tag of 16 bytes. With the instructions a core gets through several gigabytes a second, so that a
    message of one kilobyte costs well below a microsecond of pure cipher work per direction. More is spent around it:
    the record has to be assembled in a buffer of its own, the system call then writes from there, and a reader must
    have a whole record before it may hand on the first byte. Zero-copy paths of the kernel are lost.

    So look for the cipher where bytes are many: large bodies, streaming, replication. With small requests all suites
    look alike, and what encryption costs there is the framing and the extra copying, which none of them avoids.

    Each request is attributed to the suite that its connection negotiated, read from the finished handshake. AES in
    both of its key sizes falls under this counter; a connection that settled on something else would break the claim.

    The figure holds for processors with these instructions. An older or smaller one without would turn the comparison
    round, and virtual machines have been seen that hide them. The record names the model of the CPU. Note also that
    this is Go's implementation, in assembly for the common architectures; a proxy with another library may be faster
    or slower by some tens of per cent without the cipher being the cause. Offload by the network card or the kernel
    is not in play.
  `),
  'tls-chacha20': prose(`
    Mutual TLS with ChaCha20 for the data and Poly1305 for its authentication, in place of AES. Under TLS 1.3 Go lets
    nobody choose a suite: it prefers AES where the processor has instructions for it and ChaCha20 where it has not.
    To get the second on a machine of the first kind, these sidecars are started with the runtime's switch that hides
    the multiplication instruction, so that the library believes itself on lesser hardware and negotiates accordingly.

    ChaCha20 consists of additions, rotations and exclusive-ors, which need no special circuits and take the same time
    for every key. Written with vector instructions it is quick, but on current server processors it still needs about
    two or three times the cycles of AES per byte. That factor applies to the cipher alone. Within a request it is
    diluted by everything else that a proxy does: parsing, copying, scheduling, and the kernel.

    A difference should appear with bodies of tens of kilobytes and above, and grow in proportion to bytes. For small
    messages expect the two to be equivalent within any margin that matters. On phones and small boards without AES
    circuits the order is reversed, and that is what the suite was made for.

    Negotiation has the last word, and so has the counter: requests whose upstream connection used this suite have to
    be practically all. Should a release of the runtime ignore the switch, the witness would show AES and the row
    would be rejected, instead of comparing AES with itself.

    One caveat concerns the switch. It hides the instruction from the whole process, and other code that would use it,
    such as checksums, takes a slower path as well; nothing of that kind lies on the path of a request here, but a
    sidecar that compressed its answers would be affected. The test is thus of a cipher in a program that is otherwise
    the same, though in an environment that it would normally not meet.
  `),
  'mtls-all': prose(`
    Every hop between two sidecars is secured by mutual TLS; in the long path of this project these are outbound to
    gateway and gateway to inbound, in the short one outbound to inbound. Client and service stay outside: they talk
    in plain text to the proxy next to them, which is how meshes draw the line. Certificates carry SPIFFE names, are
    made for the run, and both ends demand and check one.

    Under steady load, with connections that are kept, three things are paid per request. The bytes are encrypted and
    decrypted once per secured hop. They are copied once more, since records are assembled in memory before they are
    written. And messages change shape on the way: a record has overhead of its own, and what was one segment may
    become two. Handshakes come in addition, but only when connections are opened.

    The effect is measurable for any traffic but seldom the largest of a mesh. Published figures range from a few per
    cent to more than double for latency, depending on the mesh, which says that implementation and proxy count weigh
    more than cryptography does. Large bodies feel the cipher, small ones the extra work for each record.

    For each proxy that receives from another, the counter of requests that came in over a connection with a verified
    peer has to equal the counter of all requests. It is checked per hop, so that one hop left open would be found
    out.

    When comparing with no encryption at all, bear in mind what else differs: with TLS, Go cannot hand file
    descriptors to the kernel's splicing, and the forwarder on event loops is not available. A part of the distance is
    therefore lost opportunity. If your mesh must be encrypted anyway, the useful question is not whether TLS costs
    something, but which of its parts to tune: keys, resumption, cipher, or the number of hops that have it.
  `),
  'mtls-cross-cluster': prose(`
    TLS only where traffic leaves a cluster. The path runs from the client to the outbound sidecar, both in the
    cluster called west, on to the gateway in the east, from there to the inbound sidecar and the service, which are
    in the east too. The step from outbound to gateway crosses the border and is secured with certificates on both
    sides; the step from gateway to inbound stays within and is plain.

    Compared with securing everything, one encryption, one decryption and the copying that goes with them are saved
    for every request, and so are the handshakes on the inner hop. Nothing changes on the hop that crosses. The saving
    is thus bounded: it can be about half of what mutual TLS costs on this path in all, and less where small messages
    leave the cipher little to do.

    It is interesting for systems with deep call trees inside a cluster and few calls between clusters, in which inner
    hops outnumber the outer ones many times; a single path such as this shows the effect per hop, and you would
    multiply it by your own numbers. Where almost all traffic is remote, there is next to nothing to gain.

    Both halves are verified. Requests that arrive at the gateway must have come over a verified connection; those
    that arrive at the inbound sidecar must not. Either one alone would not establish the scope.

    The decision behind this row is one of trust and not of microseconds. Plain hops inside a cluster rely on the
    network there, on its policies and on everybody who can capture packets on a node; identities of the workloads are
    then no longer proven to each other, and rules that are based on them have nothing to stand on. Some frameworks of
    compliance rule it out. If the measured saving is small against your latency budget, that settles the matter.
    Where the clusters in a scenario are one machine, an added delay stands for distance, and only delay: loss and
    limited bandwidth are not imitated.
  `),
  'mtls-none': prose(`
    No encryption between the sidecars. Every hop is plain TCP with HTTP on it, which makes this the plain sidecar
    under another name; the name is needed because the cost of mutual TLS is a difference, and a difference wants both
    of its ends in the same run.

    Without TLS a proxy writes the bytes that it has from the buffer in which they lie. There are no records, no tags,
    no session state beside the socket's. A connection is ready after one round trip, and a message may be passed on
    from the first byte that arrives, whereas a secured one has to wait for a whole record. Where messages are small,
    that preparation can cost more than the ciphers themselves, and both are absent here.

    How much that is depends on size and on the number of hops. Small messages save mostly fixed work, large ones work
    per byte. The saving counts once per hop, so that longer paths show it better than short ones.

    Here the evidence is negative: requests that came in over a verified connection must be none, on every hop. A
    separate counter of requests in plain text says the same from the other side, for a proxy that saw no traffic at
    all would otherwise pass as well.

    Nobody should read this as advice. It is the zero of a scale. Meshes are introduced for the sake of encryption and
    identity as often as for routing, and without certificates the policy rows have no identity to decide by. What it
    does help with is budgeting: subtract it from a secured variant and you know what the property costs per request
    in microseconds and per core in money. Do the subtraction with the intervals, not with the mean values; for small
    bodies both often reach across zero.
  `),
} as const;
