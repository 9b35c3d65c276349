/** Forwarding as it is first written in JavaScript: http.request with a keep-alive agent, and stream.pipeline. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { pipeline } from 'node:stream';
import type { Exchange, Forwarder, Parts } from './client-side.js';
import { isRepeatable, outgoingTrailers } from './headers.js';
import { formatAddress } from './options.js';

/** Forwards over at most `idleConnections` kept connections and as many more as are needed at once. */
export function createStreamsForwarder(idleConnections: number, parts: Parts): Forwarder {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: idleConnections, scheduling: 'lifo' });
  return (exchange) => {
    let current = send(exchange, agent, parts, (again) => {
      current = again;
    });
    return { abandon: () => current?.destroy() };
  };
}

/** Null where the request could not even be made; it has been answered then. */
function send(
  exchange: Exchange,
  agent: Agent,
  parts: Parts,
  onRetry: (again: ClientRequest | null) => void,
): ClientRequest | null {
  const { outgoing, incoming } = exchange;
  const { upstream, counters, offHeap } = parts;
  const { method, target: path, headers } = outgoing;
  let upstreamRequest: ClientRequest;
  try {
    upstreamRequest = request({ ...upstream, method, path, agent, headers });
  } catch (error) {
    exchange.fail(`the request cannot be sent on: ${messageOf(error)}`);
    return null;
  }
  if (!upstreamRequest.reusedSocket) {
    counters.upstreamDials++;
    upstreamRequest.once('socket', offHeap.watch);
  }
  exchange.markSent();
  let settled = false;
  upstreamRequest.once('response', (response) => {
    settled = true;
    passOn(exchange, response, parts);
  });
  upstreamRequest.once('close', () => {
    // Without an error, as after an upgrade that nobody asked for.
    if (!settled) exchange.fail(`upstream ${formatAddress(upstream)}: closed without an answer`);
  });
  upstreamRequest.on('error', (error) => {
    if (settled || exchange.isAbandoned()) return;
    settled = true;
    incoming.unpipe(upstreamRequest);
    // The upstream closed a kept connection as this request went out on it.
    if (upstreamRequest.reusedSocket && isRepeatable(outgoing)) {
      counters.retries++;
      onRetry(send(exchange, agent, parts, onRetry));
    } else exchange.fail(`upstream ${formatAddress(upstream)}: ${error.message}`);
  });
  if (outgoing.body === 'none') upstreamRequest.end();
  else sendBody(exchange, upstreamRequest, parts);
  return upstreamRequest;
}

function sendBody({ incoming }: Exchange, upstreamRequest: ClientRequest, { offHeap }: Parts): void {
  incoming.on('data', (chunk: Buffer) => offHeap.add(chunk.length));
  incoming.once('end', () => {
    if (incoming.rawTrailers.length > 0) upstreamRequest.addTrailers(outgoingTrailers(incoming.rawTrailers));
  });
  incoming.pipe(upstreamRequest);
}

function passOn(exchange: Exchange, response: IncomingMessage, { counters, offHeap }: Parts): void {
  const { answer, incoming } = exchange;
  const { statusCode = 502, statusMessage = '', rawHeaders } = response;
  const chunked = response.headers['transfer-encoding'] !== undefined;
  try {
    exchange.begin(statusCode, statusMessage, rawHeaders, chunked);
  } catch (error) {
    response.destroy();
    exchange.fail(`the upstream's answer cannot be sent on: ${messageOf(error)}`);
    return;
  }
  response.on('data', (chunk: Buffer) => {
    counters.bytesCopied += chunk.length;
    offHeap.add(chunk.length);
  });
  response.once('end', () => {
    exchange.markRead();
    exchange.addTrailers(response.rawTrailers);
  });
  // Before pipeline hears of it and closes the client's connection in good order, which would look like the end of a
  // body without a length.
  response.once('error', (error) => exchange.fail(`upstream: the answer broke off: ${error.message}`));
  pipeline(response, answer, () => {
    if (!incoming.complete) incoming.resume();
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
