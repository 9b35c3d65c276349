/** Whether a request is allowed, and where that is decided. */
import { prose } from './prose.js';

export const POLICY = {
  'rbac-remote': prose(`
    Before the inbound sidecar passes a request on, it asks a policy server whether it may. The question is a gRPC
    call with the identity of the caller, taken from the verified certificate of its connection, with the method and
    the path; the answer is allow or deny. The server evaluates its rules one after another with the casbin library,
    so that a longer list makes a dearer answer; a denial beats any permission, and what no rule permits is denied.
    Mutual TLS is on between the sidecars, since an identity that is not proven is no basis for a decision.

    Each request thus contains a second, smaller request. It costs a message in each direction over a connection that
    is kept, encoding and decoding, several wake-ups in either process, and above all waiting: the request stands
    still until the answer is there. The scenario may add time to each answer in order to place the server at a
    realistic distance. Nothing can be saved by speed alone, as the round trip is inherent in asking.

    The cost is fixed per request, so that it is felt in small and fast calls and lost in slow ones. It is the price
    of decisions that are always current: a change of the rules holds for the very next request.

    Calls to the policy server have to be as many as requests, and none in the variants without policy. Denials are
    real ones: the service never sees such a request. If the server cannot be reached, or does not answer within a
    second, requests are refused and not waved through.

    Compare it with the cached row, which differs in nothing but memory of past decisions. Mind where the policy
    server runs: it shares the machine with everything else here, takes CPU from the same cores, and answers with less
    delay than one across a network. Whether its own CPU is billed to the variant can be seen from the list of
    processes above; the machine-wide figure contains it in any event.
  `),
  'rbac-cached': prose(`
    The same check at the inbound sidecar, with a memory. A decision is kept under the identity, the method and the
    path for which it was made, and is used again for thirty seconds. Several requests that ask the same thing at the
    same moment cause one call and share its outcome. The sidecar also listens to a stream on which the policy server
    announces each change of its rules; when one comes, everything remembered is dropped.

    What remains per request is a lookup in a map that is divided into parts, so that cores do not queue for it, and
    nearly no allocation. The call, its encoding, the wake-ups and the waiting are paid once for each distinct
    question and period. For traffic of the usual kind, with few callers and few paths, this brings the price of
    authorisation close to nothing; it is how production systems make it affordable.

    It fails where questions do not repeat. Paths with identifiers in them make every request a new key; the cache is
    bounded, so that it does not grow without limit but forgets. Then the row approaches its remote counterpart, with
    the lookup on top.

    Decisions found in the cache, as a share of all that were made, are the witness. Calls to the server must be few,
    and pushes are counted whenever the rules change. The tests of this project change the rules and see to it that an
    old decision is gone well within a second while the stream stands.

    The gain in speed is bought with a window in which an outdated answer may be given. With the stream intact it is
    short. Without it, decisions live until they expire; after it returns they are discarded if anything changed. Look
    at tail latency too: a miss waits for the server as in the other row, and a burst of misses after a change is the
    worst moment such a system has. The warm-up of a slice fills the cache, so that steady operation is what was
    measured here.
  `),
} as const;
