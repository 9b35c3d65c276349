/** What is said of V8, against work whose allocation is known and against Node's other account of collections. */

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createOffHeap } from './allocation.js';
import { createPauseHistogram } from './pause-histogram.js';
import { createRuntimeReader } from './runtime.js';

/** An array of this many elements takes 8 bytes each, and 32 bytes of headers. */
const ELEMENTS = 128;
const ARRAY_BYTES = ELEMENTS * 8 + 32;

/** Keeps the last 2,000, so that something survives each scavenge. */
function allocate(arrays: number): number {
  const kept: number[][] = [];
  for (let index = 0; index < arrays; index++) kept[index % 2000] = new Array<number>(ELEMENTS).fill(index);
  return arrays * ARRAY_BYTES + kept.length * 8;
}

describe('the runtime reader', () => {
  it('tells allocated bytes within 10 % of a loop that allocates a known amount', () => {
    const reader = createRuntimeReader(createOffHeap());
    allocate(20_000);
    const before = reader.read();
    const expected = allocate(300_000);
    const after = reader.read();
    reader.close();
    const told = after.allocHeapBytes - before.allocHeapBytes;
    expect(after.gcCycles - before.gcCycles).toBeGreaterThan(5);
    expect(told / expected).toBeGreaterThan(0.9);
    expect(told / expected).toBeLessThan(1.1);
  });

  it('tells what was allocated since the last collection too', () => {
    const reader = createRuntimeReader(createOffHeap());
    const before = reader.read();
    const expected = allocate(500);
    const after = reader.read();
    reader.close();
    expect(after.gcCycles - before.gcCycles).toBeLessThanOrEqual(1);
    expect((after.allocHeapBytes - before.allocHeapBytes) / expected).toBeGreaterThan(0.9);
    expect((after.allocHeapBytes - before.allocHeapBytes) / expected).toBeLessThan(1.3);
  });

  it('does not count what reading allocates', () => {
    const reader = createRuntimeReader(createOffHeap());
    allocate(100_000);
    reader.read();
    const before = reader.read();
    for (let read = 0; read < 50; read++) reader.read();
    const after = reader.read();
    reader.close();
    expect(after.allocHeapBytes - before.allocHeapBytes).toBeLessThan(52 * 8192);
  });

  it('adds what is allocated outside the heap', () => {
    const offHeap = createOffHeap();
    const reader = createRuntimeReader(offHeap);
    const before = reader.read();
    offHeap.add(1e9);
    const after = reader.read();
    reader.close();
    expect(after.allocOffHeapBytes - before.allocOffHeapBytes).toBe(1e9);
    expect(after.allocBytes).toBe(after.allocHeapBytes + after.allocOffHeapBytes);
  });

  it('counts the collections and pauses that perf_hooks sees', async () => {
    let cycles = 0;
    let pausesMs = 0;
    const observer = new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries()) {
        const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
        if (kind === 1 || kind === 4) cycles++;
        pausesMs += entry.duration;
      }
    });
    const reader = createRuntimeReader(createOffHeap());
    observer.observe({ entryTypes: ['gc'] });
    const before = reader.read();
    allocate(300_000);
    const after = reader.read();
    await sleep(50);
    observer.disconnect();
    reader.close();
    // A collection may fall before the first reading or after the last.
    expect(Math.abs(after.gcCycles - before.gcCycles - cycles)).toBeLessThanOrEqual(2);
    const seconds = after.gcCpuSeconds - before.gcCpuSeconds;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual((pausesMs / 1000) * 1.05);
    const count = after.gcPauses.counts.reduce((sum, bucket) => sum + bucket, 0);
    expect(count).toBeGreaterThanOrEqual(after.gcCycles);
  });
});

describe('the pause histogram', () => {
  it('counts a duration in the bucket whose upper edge is the first at or above it', () => {
    const histogram = createPauseHistogram();
    histogram.record(1000);
    histogram.record(1001);
    histogram.record(1e15);
    const { upperNs, counts } = histogram.read();
    expect(counts[0]).toBe(1);
    expect(upperNs[0]).toBe(1000);
    expect(counts[1]).toBe(1);
    expect(upperNs[1]).toBe(1189);
    expect(counts.at(-1)).toBe(1);
    expect(upperNs.at(-1)).toBeNull();
    expect(upperNs).toHaveLength(4);
  });

  it('keeps an edge once a bucket above it is counted, so that counts can be subtracted', () => {
    const histogram = createPauseHistogram();
    histogram.record(5_000_000);
    const { upperNs, counts } = histogram.read();
    const index = counts.indexOf(1);
    expect(upperNs[index]).toBeGreaterThanOrEqual(5_000_000);
    expect(upperNs[index - 1]).toBeLessThan(5_000_000);
    expect(upperNs[index - 1]).toBeGreaterThan(4_000_000);
  });
});
