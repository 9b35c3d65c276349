/**
 * Do requests leave when the schedule says? By Kolmogorov and Smirnov, the real send times of Poisson arrivals against the
 * uniform distribution that those of a Poisson process have within a given time, and the gaps between them against the
 * exponential one; and how far behind its schedule each constant rate left, and came to the service. Gaps are the sharper
 * test: one sender cannot send twice within the time that a send takes, which at thousands a second they show.
 *
 *   npm run proof:send-times -- [--seconds 5]
 */
import { startLoadgen } from '../../load/index.js';
import { decodeHistogram, quantileNs } from '../../record/index.js';
import { lateP99Micros } from './arrivals.js';
import { exponential, gapsOf, ksFurthest, ksPValue, uniform } from './kolmogorov.js';
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
    // Given their number, arrivals of a Poisson process lie uniformly: between the first and the last, in this case.
    const sorted = [...sends].sort((x, y) => x - y);
    const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
    const times = sorted.slice(1, -1);
    const gaps = gapsOf(sends);
    const tested = [
      { what: 'send times', law: 'uniform', sample: times, expected: uniform(first, last) },
      { what: 'gaps', law: 'exponential', sample: gaps, expected: exponential(1e9 / ratePerSecond) },
    ].map(({ what, law, sample, expected }) => {
      const { distance, at } = ksFurthest(sample, expected);
      const p = ksPValue(distance, sample.length);
      passed &&= p >= SIGNIFICANCE;
      const place = what === 'gaps' ? ` at gaps of ${(at / 1000).toFixed(0)} µs` : '';
      return `${sample.length} ${what} ${p >= SIGNIFICANCE ? law : `NOT ${law}`} (distance ${distance.toFixed(4)}${place}, p = ${p.toPrecision(2)})`;
    });
    console.log(`Poisson ${ratePerSecond}/s: ${tested.join('; ')}; ${lags.join()}`);
  }
}
await engine.close();
await service.close();
await bench.close();
if (!passed) process.exitCode = 1;
