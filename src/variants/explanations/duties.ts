/** What a mesh does for a request beside passing it on. */
import { prose } from './prose.js';

export const DUTIES = {
  'mesh-duties': prose(`
    The plain sidecar with the work that makes a proxy a mesh. For each request it walks a table of some twenty
    routes, by method, exact path and prefix, as a virtual service of ordinary size has; keeps a request id or makes a
    random one; appends the client's address to the forwarding header and states the scheme; joins the trace that came
    in, with a new parent, or begins one; counts the request by route and class of status and adds its time to a
    histogram of that route; limits the time it may take; and, if the upstream cannot be reached, tries again within a
    budget of a fifth of the requests. An access log, a line of JSON each, is a separate option.

    None of this is much by itself. Together it is a random number or two, a handful of headers to parse and to write,
    a timer to arm and to disarm, a few atomic additions, and more bytes on the next hop. Headers that grow cost
    twice, as the following proxy has to read them. The timer and the context that carries it are the part that
    allocates. The log, where it is on, adds formatting and a buffered write, and disk traffic about once a second.

    The cost is per request and hardly depends on size, so it weighs on small messages and is lost in large ones. It
    does not grow with connections. A longer route table would cost more, one with a hash of exact paths less.

    A request counts as done only when every single duty was performed for it, and that share is the witness. The
    matrix in this report lists, variant by variant, who did what.

    Its purpose is fairness. A proxy that copies bytes looks splendid beside one that routes, traces and measures, and
    many published comparisons are of that kind. When you set this project's sidecar against Envoy or another proxy of
    that rank, let it carry these duties. Note that the comparison is with the bare sidecar in the same
    implementation; a forwarder that builds no objects performs the same duties with less, as it writes the headers
    straight into its buffer.
  `),
} as const;
