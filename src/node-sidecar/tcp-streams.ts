/** Forwarding bytes as it is first written in JavaScript: one stream.pipeline for each direction. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Parts } from './client-side.js';
import { formatAddress } from './options.js';

/** A server that joins each connection with one to the upstream. It does not listen yet. */
export function createTcpStreams({ upstream, counters, offHeap, faults }: Parts): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    counters.connectionsAccepted++;
    counters.upstreamDials++;
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    offHeap.watch(client);
    offHeap.watch(server);
    server.on('data', (chunk: Buffer) => {
      counters.bytesCopied += chunk.length;
    });
    resetTogether(client, server, (error) => {
      faults.report(`upstream ${formatAddress(upstream)}: ${error.message}`);
    });
    // What ends a direction early has ended both sockets already, by resetTogether.
    pipeline(client, server, () => undefined);
    pipeline(server, client, () => undefined);
  });
}

/**
 * After a failure neither direction can be completed, so the other socket is reset: its peer must not take what it got
 * for everything. `onUpstreamFailure` is told of failures that began upstream.
 */
export function resetTogether(
  client: Socket,
  server: Socket,
  onUpstreamFailure: (error: Error) => void,
): void {
  client.once('error', () => server.resetAndDestroy());
  server.once('error', (error) => {
    if (!client.destroyed) onUpstreamFailure(error);
    client.resetAndDestroy();
  });
}
