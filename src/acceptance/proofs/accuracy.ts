/**
 * Is the latency that each generator tells true? Each asks a service of known delay at one rate after another, without a
 * proxy; what it tells at p50 and p99 less what the service took by its own clock for the same requests is what
 * generator, kernel and loopback add. Generators alternate in random order and the median over rounds is told. Bare
 * loopback between two threads on the same cores is measured beside.
 *
 *   npm run bench:accuracy -- [--rounds 5] [--seconds 3] [--delay 2]
 */
import { execFileSync } from 'node:child_process';
import { dataplaneBinary } from '../../host/index.js';
import { achievedRate, quantile } from './arrivals.js';
import { type Generator, openGenerators } from './generators.js';
import { openBench, RESPONSE_BYTES } from './quiet-service.js';
import { numberOption } from './repeated-runs.js';

const RATES = [100, 1000, 5000];
const [AIM_P50_MICROS, AIM_P99_MICROS] = [60, 150];
const [rounds, seconds, delayMs] = [
  numberOption('rounds', 5),
  numberOption('seconds', 3),
  numberOption('delay', 2),
];

interface Seen {
  readonly achieved: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

const bench = openBench();
const service = await bench.startService(delayMs);
const { generators, missing } = await openGenerators(bench);
const seen = new Map<string, Seen[]>();
const keyOf = (generator: Generator, rate: number) => `${generator.name} ${rate}`;

/** Connections that hold the rate with room to spare; of a closed loop, about as many as make that rate. */
function connectionsFor({ model }: Generator, rate: number): number {
  const inFlight = rate * (delayMs / 1000 + (model === 'open' ? 0.0005 : 0.0002));
  return Math.max(1, model === 'open' ? Math.ceil(inFlight * 3) : Math.round(inFlight));
}

const loopback: { readonly medianNs: number; readonly p99Ns: number }[] = [];
for (let round = 0; round < rounds; round += 1) {
  const cores = `${bench.generatorCore},${bench.serviceCore}`;
  const bytes = ['--answer-bytes', String(RESPONSE_BYTES)];
  const bare = ['loopback', '--cpus', cores, ...bytes, '--round-trips', '1000', '--pause', `${delayMs}ms`];
  loopback.push(JSON.parse(execFileSync(dataplaneBinary(), bare, { encoding: 'utf8' })));
  for (const rate of RATES) {
    for (const generator of [...generators].sort(() => Math.random() - 0.5)) {
      const connections = connectionsFor(generator, rate);
      await service.take();
      const order = {
        address: service.address,
        ratePerSecond: rate,
        connections,
        durationMs: seconds * 1000,
      };
      const said = await generator.load(order);
      const { receivedNs, residenceNs } = await service.take();
      const beyondMicros = (toldMs: number, share: number) =>
        toldMs * 1000 - quantile(residenceNs, share) / 1000;
      const key = keyOf(generator, rate);
      seen.set(key, [
        ...(seen.get(key) ?? []),
        {
          achieved: achievedRate(receivedNs),
          p50Micros: beyondMicros(said.p50Ms, 0.5),
          p99Micros: beyondMicros(said.p99Ms, 0.99),
        },
      ]);
    }
  }
}
for (const generator of generators) await generator.close();
await service.close();
await bench.close();

const middle = (values: readonly number[]) => quantile(values, 0.5);
const micros = (value: number) => value.toFixed(0).padStart(8);
console.log(
  `What each generator tells beyond the service’s own time, in µs (delay ${delayMs} ms, ${rounds} × ${seconds} s, median of rounds)`,
);
console.log(
  `bare loopback, two threads: p50 ${middle(loopback.map(({ medianNs }) => medianNs / 1000)).toFixed(0)}, p99 ${middle(loopback.map(({ p99Ns }) => p99Ns / 1000)).toFixed(0)}\n`,
);
console.log(`${'generator'.padEnd(22)} ${'loop'.padEnd(7)} asked/s  came/s     p50     p99`);
let met = true;
for (const generator of generators) {
  for (const rate of RATES) {
    const of = seen.get(keyOf(generator, rate)) ?? [];
    const p50 = middle(of.map(({ p50Micros }) => p50Micros));
    const p99 = middle(of.map(({ p99Micros }) => p99Micros));
    const achieved = middle(of.map((one) => one.achieved));
    console.log(
      `${generator.name.padEnd(22)} ${generator.model.padEnd(7)} ${String(rate).padStart(7)} ${micros(achieved)}${micros(p50)}${micros(p99)}`,
    );
    if (generator.name.startsWith('loadgen')) met &&= p50 <= AIM_P50_MICROS && p99 <= AIM_P99_MICROS;
  }
}
console.log(`\naim of loadgen: p50 ≤ ${AIM_P50_MICROS}, p99 ≤ ${AIM_P99_MICROS}: ${met ? 'met' : 'not met'}`);
for (const how of missing) console.log(`not here: ${how}`);
