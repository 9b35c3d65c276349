/** Which counters prove what: each witness as a share of one counter in another. */

export interface Share {
  readonly part: number;
  readonly whole: number;
  /** What the part is of the whole, in words that end before the role's name: "requests … were seen by". */
  readonly what: string;
}

export interface Witness {
  readonly name: string;
  /** What not claiming it means: `never` that it is idle, `sometimes` that it is not always so, `any` nothing. */
  readonly unclaimed: 'never' | 'sometimes' | 'any';
  /** Reads one proxy's growth of counters; `traffic` is what was sent through the whole path. */
  read(
    counter: (name: string) => number,
    traffic: { readonly sent: number; readonly bytesReceived: number },
  ): Share;
}

/** Requests that a proxy saw; one that copies bytes sees none, and is taken to have passed on all that were sent. */
function requestsSeen(counter: (name: string) => number, sent: number): number {
  return copiesBytes(counter) ? sent : counter('requests');
}

function copiesBytes(counter: (name: string) => number): boolean {
  return counter('requests') === 0 && counter('bytesCopied') > 0;
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
    unclaimed,
    read: (counter) => ({ part: counter(counted), whole: counter(whole), what }),
  };
}

const ALL: readonly Witness[] = [
  {
    name: 'proxy-in-path',
    unclaimed: 'never',
    read: (counter, { sent, bytesReceived }) =>
      copiesBytes(counter)
        ? { part: counter('bytesCopied'), whole: bytesReceived, what: 'bytes received were copied by' }
        : { part: counter('requests'), whole: sent, what: 'requests sent were seen by' },
  },
  {
    name: 'upstream-reuse',
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
    unclaimed: 'any',
    read: (counter) => ({
      part: counter('handshakes') - counter('handshakesResumed'),
      whole: counter('handshakes'),
      what: 'TLS handshakes were full ones in',
    }),
  },
  ofCounter('resumed', 'handshakesResumed', 'handshakes', 'TLS handshakes resumed a session in', 'any'),
  ofCounter('early-data', 'handshakesEarly', 'handshakes', 'TLS handshakes carried early data in'),
  ofRequests('http1', 'requestsHttp1', 'requests came by HTTP/1.1 to', 'any'),
  ofRequests('h2', 'requestsH2', 'requests came by HTTP/2 to'),
  ofRequests('h3', 'requestsH3', 'requests came by HTTP/3 to'),
  ofRequests('policy-calls', 'policyCalls', 'requests made a call to the policy server from', 'sometimes'),
  ofRequests('policy-cache', 'policyCacheHits', 'requests found their decision in the cache of'),
  ofRequests('duties', 'requestsWithDuties', 'requests had every duty of a mesh done by'),
];

/** Every witness by its name, in the order in which they are shown. */
export const WITNESSES: ReadonlyMap<string, Witness> = new Map(ALL.map((witness) => [witness.name, witness]));
