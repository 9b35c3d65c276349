/** Latencies of built slices. */
import { createLatencyRecorder } from '../../record/index.js';
import type { Random } from '../random.js';

const recorder = createLatencyRecorder();

/** A log-normal shape (σ 0.35) with one request in 200 five times as slow. */
export function latenciesNs(random: Random, requests: number, medianMicros: number): number[] {
  return Array.from({ length: requests }, () => {
    const slow = random.uniform() < 0.005 ? 5 : 1;
    return medianMicros * 1000 * slow * Math.exp(0.35 * random.normal());
  });
}

export function recorded(samplesNs: readonly number[]): string {
  recorder.reset();
  for (const ns of samplesNs) recorder.record(ns);
  return recorder.encode();
}
