/**
 * What the sidecar allocates outside V8's heap for the bytes it reads. V8 tells no cumulative count of that, and the
 * memory of buffers is given back at any time between collections, so that it cannot be derived from readings either.
 * It is therefore counted where it is made: a socket that reads into fresh memory makes a buffer of exactly the bytes
 * read, the HTTP parser copies each piece of a body, and the pool makes buffers of one size.
 */
import type { Socket } from 'node:net';

export interface OffHeap {
  /** Adds memory that was just made. */
  add(bytes: number): void;
  /** Counts what the socket reads from now on, until it is closed. Costs nothing for each read. */
  watch(socket: Socket): void;
  /** Bytes allocated since the process started. */
  totalBytes(): number;
}

export function createOffHeap(): OffHeap {
  let bytes = 0;
  const open = new Set<Socket>();
  return {
    add(count) {
      bytes += count;
    },
    watch(socket) {
      open.add(socket);
      socket.once('close', () => {
        open.delete(socket);
        bytes += socket.bytesRead;
      });
    },
    totalBytes() {
      let total = bytes;
      for (const socket of open) total += socket.bytesRead;
      return total;
    },
  };
}
