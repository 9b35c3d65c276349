/**
 * Do requests leave when the schedule says? The gaps between the real sends of Poisson arrivals against the exponential
 * distribution by Kolmogorov and Smirnov, and how far behind its schedule each constant rate left, and came to the service.
 *
 *   npm run proof:send-times -- [--seconds 5]
 */
import { startLoadgen } from '../../load/index.js';
import { decodeHistogram, quantileNs } from '../../record/index.js';
import { lateP99Micros } from './arrivals.js';
import { exponential, gapsOf, ksDistance, ksPValue } from './kolmogorov.js';
import { openBench } from './quiet-service.js';
import { numberOption } from './repeated-runs.js';

const SIGNIFICANCE = 0.001;
const durationMs = numberOption('seconds', 5) * 1000;
const bench = openBench();
const service = await bench.startService(0);
const engine = await startLoadgen(bench.host, [bench.generatorCore]);
await engine.setTargets([
  {
    id: 'service',
    address: service.address,
    connections: 32,
    timeoutMs: 5000,
    protocol: 'http1',
    connectionPerRequest: false,
    idleConnections: 0,
    processes: [],
  },
]);
let passed = true;
let seq = 0;
for (const arrivals of ['poisson', 'constant'] as const) {
  for (const ratePerSecond of [200, 1000, 5000]) {
    await service.take();
    seq += 1;
    const keepSends = (durationMs / 1000) * ratePerSecond * 2;
    const order = {
      seq,
      target: 'service',
      model: 'open',
      ratePerSecond,
      arrivals,
      seed: seq,
      keepSends,
    } as const;
    const lags: string[] = [];
    const sends: number[] = [];
    await engine.runSlices([{ ...order, durationMs, warmupMs: 0 }], ({ sendLag, sentAtNs }) => {
      sends.push(...(sentAtNs ?? []));
      if (sendLag === null) return;
      const told = decodeHistogram(sendLag);
      const at = (quantile: number) => (quantileNs(told, quantile) / 1000).toFixed(0);
      lags.push(`own send lag p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)} µs`);
    });
    const { receivedNs } = await service.take();
    if (arrivals === 'constant') {
      const late = lateP99Micros(receivedNs, ratePerSecond);
      console.log(
        `constant ${ratePerSecond}/s: ${lags.join()}; behind its schedule at the service, p99: ${late?.toFixed(0) ?? '–'} µs`,
      );
      continue;
    }
    const gaps = gapsOf(sends);
    const distance = ksDistance(gaps, exponential(1e9 / ratePerSecond));
    const p = ksPValue(distance, gaps.length);
    passed &&= p >= SIGNIFICANCE;
    console.log(
      `Poisson ${ratePerSecond}/s: ${gaps.length} gaps, Kolmogorov–Smirnov distance ${distance.toFixed(4)}, p = ${p.toPrecision(2)} (${p >= SIGNIFICANCE ? 'exponential' : 'NOT exponential'}); ${lags.join()}`,
    );
  }
}
await engine.close();
await service.close();
await bench.close();
if (!passed) process.exitCode = 1;
