/**
 * Forwarding bytes with reused buffers: what the upstream sends is read into buffers of the pool and written to the
 * client from there. What the client sends is read into fresh memory, as net knows no other way for accepted sockets.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type BufferPool, createBufferPool } from './buffer-pool.js';
import type { Parts } from './client-side.js';
import { formatAddress } from './options.js';
import { connectPooled } from './pooled-reader.js';
import { resetTogether } from './tcp-streams.js';

/** A server that joins each connection with one to the upstream. It does not listen yet. */
export function createTcpPooled(parts: Parts): Server {
  const pool = createBufferPool(parts.counters, parts.offHeap);
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => joinPooled(client, pool, parts));
}

function joinPooled(client: Socket, pool: BufferPool, { upstream, counters, offHeap, faults }: Parts): void {
  counters.connectionsAccepted++;
  counters.upstreamDials++;
  offHeap.watch(client);
  const server = connectPooled(upstream, pool, true, (buffer, count) => {
    counters.bytesCopied += count;
    counters.bytesThroughPool += count;
    buffer.hold();
    return client.write(buffer.bytes.subarray(0, count), buffer.release);
  });
  resetTogether(client, server, (error) => {
    faults.report(`upstream ${formatAddress(upstream)}: ${error.message}`);
  });
  client.on('drain', () => server.resume());
  server.once('end', () => client.end());
  client.pipe(server);
}
