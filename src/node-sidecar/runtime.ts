/**
 * What V8 says of itself: collections, pauses, and how much was allocated.
 *
 * One instrument, v8.GCProfiler, takes the heap's size before and after each collection and the time between; its
 * account is read when a snapshot is asked for, and at the latest every minute, so that it does not grow for ever.
 * V8 counts no allocated bytes, but what the heap grew by between two collections, and since the last, is what was
 * allocated. The reading's own allocations and collections are left out.
 *
 * Pauses are those of the main thread alone. Marking, sweeping and copying that V8 does on its helper threads, and the
 * steps of incremental marking between requests, are in the process's CPU time but not in gcCpuSeconds.
 */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import type { OffHeap } from './allocation.js';
import { type BucketCounts, createPauseHistogram } from './pause-histogram.js';

export interface RuntimeReading {
  /** Scavenges and full collections. */
  readonly gcCycles: number;
  readonly gcPauses: BucketCounts;
  /** Sum of the pauses. */
  readonly gcCpuSeconds: number;
  /** On V8's heap and, for what is read from sockets, outside it. */
  readonly allocBytes: number;
  readonly allocHeapBytes: number;
  readonly allocOffHeapBytes: number;
  /** V8 does not count objects. */
  readonly allocObjects: null;
  /** Heap in use after the last collection. A scavenge leaves dead old objects, so this is an upper bound. */
  readonly heapLiveBytes: number;
  /** There are none. */
  readonly goroutines: null;
  /** Empty: watching the event loop's delay wakes the process 100 times a second, which costs more than it tells. */
  readonly schedLatency: BucketCounts;
  /** JavaScript waits for no mutex. */
  readonly mutexWaitSeconds: 0;
}

export interface RuntimeReader {
  read(): RuntimeReading;
  close(): void;
}

const LONGEST_UNREAD_MS = 60_000;

/** Kinds that free memory; the others are steps on the way to a full collection, and their pauses count as such. */
const CYCLES: ReadonlySet<string> = new Set(['Scavenge', 'MinorMarkCompact', 'MarkSweepCompact']);

/** Starts observing. */
export function createRuntimeReader(offHeap: OffHeap): RuntimeReader {
  const profiler = new GCProfiler();
  const pauses = createPauseHistogram();
  let gcCycles = 0;
  let pauseMicros = 0;
  let allocHeapBytes = 0;
  let usedBytes = getHeapStatistics().used_heap_size;
  let liveBytes = usedBytes;
  profiler.start();

  const grow = (nowUsedBytes: number) => {
    allocHeapBytes += Math.max(0, nowUsedBytes - usedBytes);
  };
  const catchUp = () => {
    const nowUsedBytes = getHeapStatistics().used_heap_size;
    for (const { gcType, cost, beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
      grow(beforeGC.heapStatistics.usedHeapSize);
      usedBytes = afterGC.heapStatistics.usedHeapSize;
      liveBytes = usedBytes;
      pauses.record(cost * 1000);
      pauseMicros += cost;
      if (CYCLES.has(gcType)) gcCycles++;
    }
    grow(nowUsedBytes);
    usedBytes = getHeapStatistics().used_heap_size;
    profiler.start();
  };
  const timer = setInterval(catchUp, LONGEST_UNREAD_MS);
  timer.unref();

  return {
    read() {
      catchUp();
      timer.refresh();
      const allocOffHeapBytes = offHeap.totalBytes();
      return {
        gcCycles,
        gcPauses: pauses.read(),
        gcCpuSeconds: pauseMicros / 1e6,
        allocBytes: allocHeapBytes + allocOffHeapBytes,
        allocHeapBytes,
        allocOffHeapBytes,
        allocObjects: null,
        heapLiveBytes: liveBytes,
        goroutines: null,
        schedLatency: { upperNs: [], counts: [] },
        mutexWaitSeconds: 0,
      };
    },
    close() {
      clearInterval(timer);
      profiler.stop();
    },
  };
}
