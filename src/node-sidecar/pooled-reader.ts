/** Sockets that read into buffers of the pool rather than into fresh memory, by net's `onread`. */
import { connect, type Socket } from 'node:net';
import type { BufferPool, PooledBuffer } from './buffer-pool.js';
import type { Address } from './options.js';

/**
 * Connects to `address`; what is read is handed to `onBytes` with the buffer it lies in, in [0, count). Whoever keeps a
 * piece of it beyond the call takes a hold on the buffer. When `onBytes` returns false, reading stops until
 * `socket.resume()`. Only a socket that connects can do this: net has no `onread` for those that are accepted.
 */
export function connectPooled(
  address: Address,
  pool: BufferPool,
  allowHalfOpen: boolean,
  onBytes: (buffer: PooledBuffer, count: number) => boolean,
): Socket {
  let current: PooledBuffer | null = null;
  const socket = connect({
    ...address,
    noDelay: true,
    allowHalfOpen,
    onread: {
      // Asked for once at first and again after each reading.
      buffer: () => {
        if (current?.isShared() === true) {
          current.release();
          current = null;
        }
        current ??= pool.get();
        return current.bytes;
      },
      callback: (count) => (current === null ? false : onBytes(current, count)),
    },
  });
  // Nothing reads any more, so the buffer is free once its pieces have been written.
  socket.once('close', () => {
    current?.release();
    current = null;
  });
  return socket;
}
