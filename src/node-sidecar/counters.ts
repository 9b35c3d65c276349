/**
 * The witness counters of one sidecar, cumulative since it started. They are those of every server of the data
 * plane, by the same names; what a Node.js sidecar cannot exercise stays 0.
 */
export interface Counters {
  requests: number;
  connectionsAccepted: number;
  /** Attempts to connect, also those that fail. */
  upstreamDials: number;
  /** Body bytes (http1) or payload bytes (tcp) handed to the client side. */
  bytesCopied: number;
  /** Those of `bytesCopied` that lay in a buffer of the pool. */
  bytesThroughPool: number;
  poolGets: number;
  /** Gets that were served by a buffer that had been put back. */
  poolHits: number;
  requestsHttp1: number;
  upstreamHttp1: number;
  /** Requests sent a second time because the kept connection they went out on had just been closed. */
  retries: number;
  /** Requests whose times are in `servedNs` (head read to last byte written) and `upstreamNs` (sent on to last byte read). */
  timedRequests: number;
  servedNs: number;
  upstreamNs: number;
}

const NOT_EXERCISED = [
  'requestsH2',
  'requestsH3',
  'upstreamH2',
  'upstreamH3',
  'requestsLean',
  'requestsByWorkers',
  'requestsByLoop',
  'requestsSerialised',
  'serialisedWaitNs',
  'workersPeak',
  'workersBound',
  'requestsVerified',
  'upstreamVerified',
  'upstreamKeyRsa',
  'upstreamKeyEcdsa',
  'upstreamAesGcm',
  'upstreamChacha20',
  'upstreamTls12',
  'upstreamTls13',
  'handshakes',
  'handshakesResumed',
  'handshakesEarly',
  'handshakesRefused',
  'policyChecks',
  'policyCalls',
  'policyCacheHits',
  'policyDenied',
  'policyPushes',
  'requestsWithDuties',
] as const;

export function createCounters(): Counters {
  return {
    requests: 0,
    connectionsAccepted: 0,
    upstreamDials: 0,
    bytesCopied: 0,
    bytesThroughPool: 0,
    poolGets: 0,
    poolHits: 0,
    requestsHttp1: 0,
    upstreamHttp1: 0,
    retries: 0,
    timedRequests: 0,
    servedNs: 0,
    upstreamNs: 0,
  };
}

/** What the counters show now, by name, with a 0 for each that cannot be exercised here. */
export function readWitness(counters: Readonly<Counters>): Record<string, number> {
  const witness: Record<string, number> = { ...counters };
  for (const name of NOT_EXERCISED) witness[name] = 0;
  witness.servedNs = Math.round(counters.servedNs);
  witness.upstreamNs = Math.round(counters.upstreamNs);
  return witness;
}
