/**
 * The side of the clients, which both ways of forwarding share: node:http's server with its strict parser, and one
 * exchange for each request that is to be sent on.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { OffHeap } from './allocation.js';
import type { Counters } from './counters.js';
import type { FaultLog } from './fault-log.js';
import { type OutgoingRequest, outgoingAnswerHeaders, outgoingRequest, outgoingTrailers } from './headers.js';
import { type Address, formatAddress } from './options.js';

/** Longer than a variant waits for its turn, so that a run never meets a connection closed for being idle. */
const IDLE_LIMIT_MS = 15 * 60_000;
const HEAD_LIMIT_MS = 60_000;

/** One request on its way to the upstream and back. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: OutgoingRequest;
  readonly answer: ServerResponse;
  /** True once the client's connection is gone: nothing that happens upstream matters any more. */
  isAbandoned(): boolean;
  /**
   * Writes the answer's head. Trailers of a chunked answer can follow it, by `addTrailers`. Throws where the upstream's
   * head cannot be written.
   */
  begin(status: number, message: string, rawHeaders: readonly string[], chunked: boolean): void;
  /** To be called before the answer's end. */
  addTrailers(rawTrailers: readonly string[]): void;
  /** The request is about to be written to the upstream. */
  markSent(): void;
  /** The answer's last byte has been read. */
  markRead(): void;
  /** The upstream failed: 502, or where the answer has begun, a reset, so that nobody takes a part for the whole. */
  fail(reason: string): void;
}

/** Sends an exchange on. `abandon`, which it returns, is called when the client goes before the answer is complete. */
export type Forwarder = (exchange: Exchange) => { abandon(): void };

export interface Parts {
  readonly upstream: Address;
  readonly counters: Counters;
  readonly offHeap: OffHeap;
  readonly faults: FaultLog;
}

/** A server that has `forward` deal with each request that may be sent on. It does not listen yet. */
export function createClientSide(forward: Forwarder, parts: Parts): Server {
  const { counters, faults } = parts;
  const upstream = formatAddress(parts.upstream);
  /** Connections on which something was refused: what came behind it may not be what it seems, and is left alone. */
  const refused = new WeakSet<Socket>();
  const server = createServer(
    {
      keepAliveTimeout: IDLE_LIMIT_MS,
      headersTimeout: HEAD_LIMIT_MS,
      requestTimeout: 0,
      noDelay: true,
    },
    (incoming, answer) => {
      counters.requests++;
      counters.requestsHttp1++;
      if (refused.has(incoming.socket)) return;
      const outgoing = outgoingRequest(incoming, upstream);
      answer.sendDate = false;
      if ('refused' in outgoing) {
        refused.add(incoming.socket);
        refuse(incoming, answer, outgoing.refused);
      } else startExchange(incoming, answer, outgoing, forward, parts);
    },
  );
  server.on('connection', () => {
    counters.connectionsAccepted++;
  });
  server.on('connect', (_request, socket) => {
    socket.end('HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  server.on('drop', () => faults.report('a connection was dropped for being too many'));
  return server;
}

function startExchange(
  incoming: IncomingMessage,
  answer: ServerResponse,
  outgoing: OutgoingRequest,
  forward: Forwarder,
  { counters, faults }: Parts,
): void {
  const arrivedMs = performance.now();
  let sentMs = 0;
  let readMs = 0;
  let abandoned = false;
  let failed = false;
  const exchange: Exchange = {
    incoming,
    outgoing,
    answer,
    isAbandoned: () => abandoned,
    begin(status, message, rawHeaders, chunked) {
      const canTrail = chunked && incoming.httpVersionMinor > 0 && incoming.method !== 'HEAD';
      answer.writeHead(status, message, outgoingAnswerHeaders(rawHeaders, canTrail));
      counters.upstreamHttp1++;
    },
    addTrailers(rawTrailers) {
      if (rawTrailers.length > 0 && answer.chunkedEncoding) answer.addTrailers(outgoingTrailers(rawTrailers));
    },
    markSent() {
      sentMs = performance.now();
    },
    markRead() {
      readMs = performance.now();
    },
    fail(reason) {
      if (abandoned || failed) return;
      failed = true;
      faults.report(reason);
      if (answer.headersSent) incoming.socket.resetAndDestroy();
      else refuse(incoming, answer, 502);
    },
  };
  const { abandon } = forward(exchange);
  answer.once('finish', () => {
    if (readMs === 0) return;
    counters.timedRequests++;
    counters.servedNs += (performance.now() - arrivedMs) * 1e6;
    counters.upstreamNs += (readMs - sentMs) * 1e6;
  });
  answer.once('close', () => {
    if (answer.writableFinished) return;
    abandoned = true;
    abandon();
  });
}

/** Answers without the upstream. A body that is still coming is read and dropped, and the connection then closed. */
function refuse(incoming: IncomingMessage, answer: ServerResponse, status: 400 | 501 | 502): void {
  const headers = ['Content-Length', '0'];
  if (status !== 502 || !incoming.complete) headers.push('Connection', 'close');
  answer.writeHead(status, headers);
  answer.end();
  incoming.resume();
}
