/** What the beginning of a secured connection costs: keys, and sessions that are resumed or not. */
import { prose } from './prose.js';

export const HANDSHAKES = {
  'tls-rsa': prose(`
    Mutual TLS 1.3 between the sidecars, with RSA keys of 2048 bits in the certificates. The certificates are made for
    the run by an authority of its own; each proxy presents one that names it by a SPIFFE address, and refuses a peer
    without. The client of the mesh and the service behind it speak without encryption, as in a pod where the sidecar
    is the only one that knows about keys.

    The kind of key matters in one moment only: when a connection begins. Both sides then sign once with their private
    key and check one signature and a chain of the other. An RSA signature is the expensive part, many times one on
    the P-256 curve; checking it is cheap, cheaper in fact than the curve's. The certificates are larger too, so that
    the first flight carries more bytes. Once the handshake is over, the bulk of the traffic is encrypted with the
    same symmetric cipher whichever key introduced it.

    Hence this row is about connections, not requests. A mesh that keeps its connections, as the sidecars do here
    unless told otherwise, pays at start-up, after a deployment, when certificates rotate and when a crowd of new
    clients arrives. Under steady load the two kinds of key should be equal in CPU per request, and a report that says
    so is not a failure of the measurement.

    Each request is counted by the key in the certificate that its upstream peer showed, which proves which key was in
    use rather than which was asked for. The number of handshakes stands beside it, and without handshakes in the
    measured time there is nothing that could differ.

    To see the difference, compare CPU per handshake, or combine the key with a new connection for each request and
    sessions that are not resumed. Do not carry the ratio over to a handshake on hardware with an accelerator, nor to
    the latency across a network, where the round trip outweighs the arithmetic.
  `),
  'tls-ecdsa': prose(`
    Mutual TLS 1.3 with keys on the curve P-256, which is what most meshes give to their workloads today. The set-up
    is otherwise that of the RSA row: an authority that lives as long as the run, SPIFFE names in the certificates,
    both peers verified, plain text towards client and service.

    Go signs on this curve with hand-written assembly on the usual processors, so that a signature is a matter of tens
    of microseconds, and it is short. Verifying costs somewhat more than signing here, the other way round than with
    RSA; in a mutual handshake each side does one of either, which is why the whole exchange is cheaper although half
    of it is not. The rest of a handshake is the same for both: the exchange of fresh keys, by default a hybrid of
    X25519 and ML-KEM, a few derivations of secrets, and the messages themselves.

    One would look for the effect in systems with much coming and going: autoscaling, functions that live for seconds,
    clients that do not keep connections, frequent rotation. A quiet mesh with long-lived connections makes a handful
    of handshakes an hour, and the choice of key is then decided by compatibility and size rather than by speed.

    The witness tells, for each request, the public key's type in the certificate that the peer presented. All must be
    of this type in this row, and none in its counterpart.

    With default options this variant is the same as the one that secures every hop, since this type of key is the
    default; it has a name of its own to stand against RSA. If the two show different figures in one run, you are
    looking at the noise of the machine, and can use it as a yardstick for other differences of that size. CPU charged
    to a handshake needs enough of them to be counted; in a run that keeps its connections the figure may be missing,
    with the reason given.
  `),
  'tls-full': prose(`
    A new connection between the sidecars for each request, each with a complete handshake of mutual TLS: session
    tickets are switched off on the server's side, and the client keeps no session to offer. It is the most expensive
    way to send a request securely over TCP, and it exists to give the saving of resumption something to be measured
    from.

    Count what happens before a byte of the request moves. TCP needs one round trip to connect. TLS 1.3 needs another,
    in which both sides generate key shares, agree on a secret, send their certificates, sign the transcript and
    verify chain and signature of the other. That makes two signatures on the transcript and two checks of them, with
    the chains still to come. Then come the allocation of the connection's state and buffers for records, and at the
    end an alert that it is closed.

    Such traffic is rarer than the fear of it. It arises where clients are short-lived, where a balancer spreads each
    call over many servers with which none had a session, or after all sidecars were restarted at once and have
    forgotten their tickets' keys. In steady traffic over kept connections it plays no part.

    Two shares are read from the connections themselves: handshakes must be as many as requests, and those that
    resumed a session none. The variant also claims a dial for each request, so that a connection kept by accident is
    noticed.

    The absolute figures depend on the processor and on Go's implementation, while the order of magnitude does not:
    the cryptography of one handshake is worth several plain requests. On this path latency shows the arithmetic
    without the travel. A network of one millisecond would add two of them to every request, whatever the processor; a
    scenario with an added delay makes that visible. Generator and service share the machine with the sidecars, so
    watch the utilisation of the cores: a saturated one would stretch latency for reasons that have nothing to do with
    TLS.
  `),
  'tls-resumed': prose(`
    Again a connection for each request, but one that resumes a session. At the end of the first handshake the server
    sends a ticket, in which the state of the session is sealed under a key that only the server has; the client keeps
    it and presents it with its next hello. The server opens it, both derive new secrets from the old, and
    certificates are neither sent nor signed for nor checked again, beyond a look at their dates and names.

    This removes the asymmetric signatures and their verification, and most of the bytes. It does not remove the
    exchange of fresh key shares, which Go insists on even when it resumes, so that a stolen ticket does not open old
    traffic; nor does it save a round trip, as TLS 1.3 takes one either way. What is saved is therefore CPU, on both
    sides, and not distance.

    It is of use wherever connections are short and peers return: sidecars with little traffic to each of many
    destinations, clients behind an idle timeout, gateways. Between two proxies that hold their connections for hours
    it is irrelevant, and across a fleet of servers it works only if they share the key of the tickets.

    The proof comes from the state of each finished connection, which says whether it resumed. Nearly every handshake
    must have done so; the first of each process cannot, and falls into the warm-up. Beside this, handshakes per
    request have to be one, or the row would measure something else.

    What you see against full handshakes is the price of the signatures, and with it the upper limit of what a faster
    key or an accelerator could give. Identity deserves a thought as well: a resumed peer is believed because of a
    ticket, so that a certificate that was revoked meanwhile goes unnoticed until the ticket expires. That is a
    decision about security which a benchmark cannot take for you.
  `),
} as const;
