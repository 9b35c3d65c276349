/**
 * Buffers that are used again. One is lent by `get` and comes back when every piece of it that was handed on has been
 * written, so that the bytes read from a socket go out of the very memory they were read into.
 */
import type { OffHeap } from './allocation.js';
import type { Counters } from './counters.js';

/** What libuv asks for when it reads into fresh memory, so that both ways of forwarding read as much at once. */
export const BUFFER_BYTES = 64 * 1024;

/** Kept at most; more than so many were needed at once only for a moment, and are left to the garbage collector. */
const MOST_IDLE = 1024;

export interface PooledBuffer {
  readonly bytes: Buffer;
  /** Keeps the buffer from going back until `release` has been called once more. */
  hold(): void;
  /** Bound, so that it can be a write's callback. */
  readonly release: () => void;
  /** True while the reader is not the only one to hold it. */
  isShared(): boolean;
}

export interface BufferPool {
  /** A buffer with one hold on it, which is the caller's to release. */
  get(): PooledBuffer;
}

export function createBufferPool(counters: Counters, offHeap: OffHeap): BufferPool {
  const idle: PooledBuffer[] = [];

  const make = (): PooledBuffer => {
    offHeap.add(BUFFER_BYTES);
    let holds = 0;
    const buffer: PooledBuffer = {
      bytes: Buffer.allocUnsafeSlow(BUFFER_BYTES),
      hold: () => {
        holds++;
      },
      release: () => {
        holds--;
        if (holds === 0 && idle.length < MOST_IDLE) idle.push(buffer);
      },
      isShared: () => holds > 1,
    };
    return buffer;
  };

  return {
    get() {
      counters.poolGets++;
      const kept = idle.pop();
      if (kept !== undefined) counters.poolHits++;
      const buffer = kept ?? make();
      buffer.hold();
      return buffer;
    },
  };
}
