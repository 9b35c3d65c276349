/** Which counters prove what: each witness as a share of one counter in another. */

export interface Share {
  readonly part: number;
  readonly whole: number;
  /** What the part is of the whole, in words that end before the role's name: "requests … were seen by". */
  readonly what: string;
}

/**
 * Where a witness's counters are: in each proxy of the path, in each one's own eBPF programs, or in the agent that holds
 * programs for the whole variant; or in the service, which sees who comes to it.
 */
export type WitnessPlace = 'proxy' | 'programs-of-proxy' | 'agent' | 'service';

export interface Witness {
  readonly name: string;
  readonly place: WitnessPlace;
  /** What not claiming it means: `never` that it is idle, `sometimes` that it is not always so, `any` nothing. */
  readonly unclaimed: 'never' | 'sometimes' | 'any';
  /** Reads one process's growth of counters; `traffic` is what was sent through the whole path. */
  read(counter: (name: string) => number, traffic: WitnessedTraffic): Share;
}

/** What a witness may hold its counter against. */
export interface WitnessedTraffic {
  readonly sent: number;
  readonly bytesReceived: number;
  /** Role of the server that the client's connections reach: the first proxy, or the service where there is none. */
  readonly entryRole: string;
  /** Roles of the servers that the agent was told of. */
  readonly hops: readonly string[];
  /**
   * A counter of the process asked, or of another role, as it stood when the last window ended, added up over the sets of
   * processes: for what happens when connections are made, which is before the windows.
   */
  total(name: string, role?: string): number;
}

/** Requests that a proxy saw; one that copies bytes sees none, and is taken to have passed on all that were sent. */
function requestsSeen(counter: (name: string) => number, sent: number): number {
  return copiesBytes(counter) ? sent : counter('requests');
}

function copiesBytes(counter: (name: string) => number): boolean {
  return counter('requests') === 0 && counter('bytesCopied') + counter('bytesForwardedInKernel') > 0;
}

/** Share of the service's connections that are counted among all, from those of its own host. Not claimed, it means nothing. */
function ofArrivals(name: string, part: (own: number, all: number) => number, what: string): Witness {
  return {
    name,
    place: 'service',
    unclaimed: 'any',
    read: (_counter, { total }) => {
      const all = total('connectionsAccepted', 'service');
      return { part: part(total('connectionsFromOwnHost', 'service'), all), whole: all, what };
    },
  };
}

/** Share of requests for which a counter was raised. */
function ofRequests(
  name: string,
  counted: string,
  what: string,
  unclaimed: Witness['unclaimed'] = 'never',
): Witness {
  return {
    name,
    place: 'proxy',
    unclaimed,
    read: (counter, { sent }) => ({ part: counter(counted), whole: requestsSeen(counter, sent), what }),
  };
}

/** Share of one counter in another. */
function ofCounter(
  name: string,
  counted: string,
  whole: string,
  what: string,
  unclaimed: Witness['unclaimed'] = 'never',
): Witness {
  return {
    name,
    place: 'proxy',
    unclaimed,
    read: (counter) => ({ part: counter(counted), whole: counter(whole), what }),
  };
}

const ALL: readonly Witness[] = [
  {
    name: 'proxy-in-path',
    place: 'proxy',
    unclaimed: 'never',
    read: (counter, { sent, bytesReceived }) =>
      copiesBytes(counter)
        ? {
            part: counter('bytesCopied') + counter('bytesForwardedInKernel'),
            whole: bytesReceived,
            what: 'bytes received were passed on by',
          }
        : { part: counter('requests'), whole: sent, what: 'requests sent were seen by' },
  },
  {
    name: 'upstream-reuse',
    place: 'proxy',
    unclaimed: 'sometimes',
    read: (counter) => {
      // A proxy that copies bytes has one upstream connection for each of its client's, and none to choose.
      const whole = counter('requests');
      const part = Math.max(0, whole - counter('upstreamDials'));
      return { part, whole, what: 'requests found an open upstream connection in' };
    },
  },
  ofRequests(
    'fresh-connections',
    'upstreamDials',
    'requests had an upstream connection opened for them by',
    'sometimes',
  ),
  ofCounter('buffer-pool', 'bytesThroughPool', 'bytesCopied', 'bytes copied went through the pool of'),
  ofCounter('buffer-pool-hits', 'poolHits', 'poolGets', 'gets were served by the pool of'),
  ofRequests('lean-http', 'requestsLean', 'requests went through the lean HTTP of'),
  {
    name: 'worker-pool',
    place: 'proxy',
    unclaimed: 'never',
    read: (counter, { sent }) => {
      const whole = requestsSeen(counter, sent);
      const withinBound = counter('workersPeak') <= counter('workersBound');
      return {
        part: withinBound ? counter('requestsByWorkers') : 0,
        whole,
        what: withinBound
          ? 'requests were served by the bounded workers of'
          : 'requests stayed within the bound on the workers of',
      };
    },
  },
  ofRequests('event-loop', 'requestsByLoop', 'requests were served by the event loops of'),
  ofRequests('serialised', 'requestsSerialised', 'requests went through the one channel of'),
  ofRequests('mtls', 'requestsVerified', 'requests came over mutual TLS with a verified peer to'),
  {
    name: 'plaintext',
    place: 'proxy',
    // What the client sends to the first proxy is plain in every variant.
    unclaimed: 'any',
    read: (counter, { sent }) => {
      const whole = requestsSeen(counter, sent);
      return { part: whole - counter('requestsVerified'), whole, what: 'requests came without TLS to' };
    },
  },
  ofRequests('key-rsa', 'upstreamKeyRsa', 'requests went on to a peer with an RSA certificate from'),
  ofRequests(
    'key-ecdsa',
    'upstreamKeyEcdsa',
    'requests went on to a peer with an ECDSA certificate from',
    'any',
  ),
  ofRequests('aes-gcm', 'upstreamAesGcm', 'requests went on under AES-GCM from', 'any'),
  ofRequests('chacha20', 'upstreamChacha20', 'requests went on under ChaCha20-Poly1305 from', 'any'),
  ofRequests('handshakes', 'handshakes', 'requests had a TLS handshake made for them by', 'sometimes'),
  {
    name: 'full',
    place: 'proxy',
    unclaimed: 'any',
    read: (counter) => ({
      part: counter('handshakes') - counter('handshakesResumed'),
      whole: counter('handshakes'),
      what: 'TLS handshakes were full ones in',
    }),
  },
  {
    name: 'qat-requests',
    place: 'proxy',
    unclaimed: 'never',
    // Both ends of a handshake may sign, and each signature is a request: there are as many as handshakes, or more.
    read: (counter) => ({
      part: Math.min(counter('qatServed'), counter('handshakes')),
      whole: counter('handshakes'),
      what: 'TLS handshakes had a request served by the device for',
    }),
  },
  ofCounter('resumed', 'handshakesResumed', 'handshakes', 'TLS handshakes resumed a session in', 'any'),
  ofCounter('early-data', 'handshakesEarly', 'handshakes', 'TLS handshakes carried early data in'),
  ofRequests('http1', 'requestsHttp1', 'requests came by HTTP/1.1 to', 'any'),
  ofRequests('h2', 'requestsH2', 'requests came by HTTP/2 to'),
  ofRequests('h3', 'requestsH3', 'requests came by HTTP/3 to'),
  ofRequests('policy-calls', 'policyCalls', 'requests made a call to the policy server from', 'sometimes'),
  ofRequests('policy-cache', 'policyCacheHits', 'requests found their decision in the cache of'),
  {
    name: 'kernel-forwarding',
    place: 'programs-of-proxy',
    unclaimed: 'never',
    read: (counter, { bytesReceived }) => ({
      part: counter('bytesForwardedInKernel'),
      whole: bytesReceived,
      what: 'bytes received were moved by the kernel between the sockets of',
    }),
  },
  {
    name: 'intercepted',
    place: 'proxy',
    unclaimed: 'never',
    read: (_counter, { total }) => ({
      part: total('connectionsIntercepted'),
      whole: total('connectionsIntercepted') + total('connectionsNotIntercepted'),
      what: 'connections were on their way elsewhere when they came to',
    }),
  },
  {
    name: 'messages',
    place: 'agent',
    unclaimed: 'never',
    read: (counter, { bytesReceived, entryRole, hops }) =>
      leastShare(
        hops.map((role) => {
          const redirected = counter(`answerBytesRedirected.${role}`);
          const seen = redirected + counter(`answerBytesMissed.${role}`);
          // What the client received is what its own hop carried; the bytes of the others need not be as many.
          const whole = role === entryRole ? Math.max(seen, bytesReceived) : seen;
          const what = `bytes of answers from ${role} were handed over beneath TCP by`;
          return { part: redirected, whole, what };
        }),
      ),
  },
  {
    name: 'connects-redirected',
    place: 'agent',
    unclaimed: 'never',
    read: (_counter, { total, entryRole }) => ({
      part: total(`connectsRedirected.${entryRole}`),
      whole: total('connectionsAccepted', entryRole),
      what: `connections that reached ${entryRole} were sent there by`,
    }),
  },
  {
    name: 'kernel-policy',
    place: 'agent',
    unclaimed: 'never',
    read: (counter, { bytesReceived, entryRole }) => ({
      part: counter(`answerBytesChecked.${entryRole}`),
      whole: bytesReceived,
      what: 'bytes received were judged by',
    }),
  },
  ofArrivals('proxied', (own) => own, 'connections came from the pod of'),
  ofArrivals('unproxied', (own, all) => all - own, 'connections came from elsewhere than the pod of'),
  ofRequests('duties', 'requestsWithDuties', 'requests had every duty of a mesh done by'),
];

/** The least of several shares; nothing of nothing where there are none. */
function leastShare(shares: readonly Share[]): Share {
  const ratio = ({ part, whole }: Share) => (whole > 0 ? part / whole : 0);
  return shares.reduce((least, one) => (ratio(one) < ratio(least) ? one : least), shares[0] ?? NOTHING);
}

const NOTHING: Share = { part: 0, whole: 0, what: 'of nothing in' };

/** Every witness by its name, in the order in which they are shown. */
export const WITNESSES: ReadonlyMap<string, Witness> = new Map(ALL.map((witness) => [witness.name, witness]));
