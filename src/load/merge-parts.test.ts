import { expect, test } from 'vitest';
import { createLatencyRecorder, decodeHistogram, quantileNs } from '../record/index.js';
import type { EngineSliceOrder } from './loadgen.js';
import { mergedSlice, type Part } from './merge-parts.js';

/** More than a merge may take of one core, and it is given one: CPU, so that other work on the machine does not count. */
const LIMIT_SECONDS = 1;

const ORDER: EngineSliceOrder = {
  seq: 0,
  target: 'plain',
  model: 'open',
  ratePerSecond: 400_000,
  arrivals: 'poisson',
  seed: 7,
  durationMs: 1000,
  warmupMs: 100,
};

function partOf(agent: number, latenciesNs: readonly number[]): Part {
  const recorder = createLatencyRecorder();
  for (const ns of latenciesNs) recorder.record(ns);
  const histogram = recorder.encode();
  return {
    agent: { agent, pod: `pod-${agent}`, node: `node-${agent % 7}` },
    slice: {
      event: 'slice',
      seq: 0,
      target: 'plain',
      startedAtMicros: 1e15,
      endedAtMicros: 1e15 + 1e6,
      warmupRequests: 40,
      requests: latenciesNs.length,
      errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
      bytesReceived: 1000,
      offeredRatePerSecond: 400,
      latency: histogram,
      sendLatency: histogram,
      sendLag: histogram,
      beyondResidence: histogram,
      cpu: [{ role: 'outbound', pid: agent, warmupStartNs: 0, startNs: 1, endNs: 2 }],
      generator: { cpuNs: 1, gcCycles: 0, connectionWaits: 0 },
      lateMicros: 0,
      failed: null,
    },
    lost: null,
    clock: { offsetMicros: agent, uncertaintyMicros: 500 },
  };
}

/** Numbers from 0 to 1 that look like chance and are the same every time. */
const chance = (index: number) => (Math.abs(Math.sin(index + 1)) * 1e6) % 1;

test('a thousand agents’ histograms are merged in less than a second, to that of all samples put together', () => {
  const samples = Array.from({ length: 1000 }, (_, agent) =>
    Array.from({ length: 400 }, (__, place) =>
      Math.round(2e5 * (1 - Math.log(1 - chance(agent * 400 + place))) ** 2),
    ),
  );
  const parts = samples.map((latenciesNs, agent) => partOf(agent, latenciesNs));
  const before = process.cpuUsage();
  const merged = mergedSlice(ORDER, parts);
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  console.log(`1,000 agents with four histograms of 400 samples each: ${seconds.toFixed(2)} s of CPU`);
  expect(seconds).toBeLessThan(LIMIT_SECONDS);

  const together = createLatencyRecorder();
  for (const ns of samples.flat()) together.record(ns);
  const all = decodeHistogram(together.encode());
  const own = decodeHistogram(merged.latency ?? '');
  expect(own).toEqual(all);
  for (const q of [0.5, 0.9, 0.99, 0.999, 1]) expect(quantileNs(own, q)).toBe(quantileNs(all, q));
  expect(merged.requests).toBe(400_000);
  expect(merged.agents).toHaveLength(1000);
  expect(merged.cpu).toHaveLength(1000);
});
