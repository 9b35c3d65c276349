/**
 * Forwarding with reused buffers: answers are read into buffers of the pool, parsed there, and their bodies written to
 * the client from there. node:http's own client cannot do that: it reads into fresh memory, and copies each piece of a
 * body once more. So this one speaks HTTP/1.1 to the upstream by itself; towards the clients it is the same server.
 * Request bodies come from that server's parser, in fresh memory, in both ways of forwarding.
 */
import type { AnswerHead } from './answer-head.js';
import { createBufferPool } from './buffer-pool.js';
import type { Exchange, Forwarder, Parts } from './client-side.js';
import { isRepeatable, outgoingTrailers } from './headers.js';
import { formatAddress } from './options.js';
import {
  createUpstreamConnections,
  type UpstreamConnection,
  type UpstreamConnections,
} from './upstream-connections.js';

/** Forwards over at most `idleConnections` kept connections and as many more as are needed at once. */
export function createPooledForwarder(idleConnections: number, parts: Parts): Forwarder {
  const { upstream, counters, offHeap } = parts;
  const buffers = createBufferPool(counters, offHeap);
  const connections = createUpstreamConnections(upstream, idleConnections, buffers, () => {
    counters.upstreamDials++;
  });
  return (exchange) => {
    let current = send(exchange, connections, parts, (again) => {
      current = again;
    });
    return { abandon: () => current.abandon() };
  };
}

function send(
  exchange: Exchange,
  connections: UpstreamConnections,
  parts: Parts,
  onRetry: (again: UpstreamConnection) => void,
): UpstreamConnection {
  const { answer, outgoing } = exchange;
  const { upstream, counters } = parts;
  const connection = connections.take();
  const { socket } = connection;
  const wasReused = connection.isReused();
  const readBefore = socket.bytesRead;
  let head: AnswerHead | null = null;
  let sending: Sending = SENT;

  const onDrain = () => {
    if (!answer.writableEnded) socket.resume();
  };
  connection.begin(outgoing.method, {
    onHead(answerHead) {
      head = answerHead;
      exchange.begin(head.status, head.message, head.rawHeaders, head.framing === 'chunked');
    },
    onBody(buffer, start, end) {
      counters.bytesCopied += end - start;
      counters.bytesThroughPool += end - start;
      buffer.hold();
      const wantsMore = answer.write(buffer.bytes.subarray(start, end), buffer.release);
      if (!wantsMore && answer.listenerCount('drain', onDrain) === 0) answer.once('drain', onDrain);
      return wantsMore;
    },
    onEnd(trailers) {
      exchange.markRead();
      exchange.addTrailers(trailers);
      answer.end();
      if (head?.keepAlive === true && sending.isDone()) connections.keep(connection);
      else {
        sending.stop();
        connection.abandon();
      }
    },
    onFailure(error) {
      sending.stop();
      if (exchange.isAbandoned()) return;
      // The upstream closed a kept connection as this request went out on it.
      if (head === null && wasReused && isRepeatable(outgoing) && socket.bytesRead === readBefore) {
        counters.retries++;
        onRetry(send(exchange, connections, parts, onRetry));
      } else if (answer.headersSent) exchange.fail(`upstream: the answer broke off: ${error.message}`);
      else exchange.fail(`upstream ${formatAddress(upstream)}: ${error.message}`);
    },
  });
  exchange.markSent();
  socket.write(requestHead(exchange), 'latin1');
  if (outgoing.body !== 'none') sending = sendBody(exchange, connection, parts);
  return connection;
}

function requestHead({ outgoing }: Exchange): string {
  const { method, target, headers } = outgoing;
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${head}Connection: keep-alive\r\n\r\n`;
}

interface Sending {
  isDone(): boolean;
  /** Sends no more of the body; the rest of it is dropped. */
  stop(): void;
}

const SENT: Sending = { isDone: () => true, stop: () => undefined };

function sendBody(
  { incoming, outgoing }: Exchange,
  { socket }: UpstreamConnection,
  { offHeap }: Parts,
): Sending {
  const chunked = outgoing.body === 'chunked';
  let done = false;
  const onDrain = () => incoming.resume();
  const onData = (chunk: Buffer) => {
    offHeap.add(chunk.length);
    if (chunked) {
      socket.cork();
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      socket.write(chunk);
      socket.write('\r\n', 'latin1');
      socket.uncork();
    } else socket.write(chunk);
    if (socket.writableNeedDrain) incoming.pause();
  };
  const onEnd = () => {
    done = true;
    socket.off('drain', onDrain);
    if (!chunked) return;
    const trailers = outgoingTrailers(incoming.rawTrailers);
    socket.write(`0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
  };
  socket.on('drain', onDrain);
  incoming.on('data', onData);
  incoming.on('end', onEnd);
  return {
    isDone: () => done,
    stop() {
      if (done) return;
      socket.off('drain', onDrain);
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.resume();
    },
  };
}
