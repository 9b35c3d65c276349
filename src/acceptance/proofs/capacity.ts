/**
 * How much can each generator send from one core? Against a service on another core that answers at once: the highest rate
 * of an open loop at which requests leave on time, and the CPU that a request costs the generator. How late requests come
 * is taken from the service's own clock for all alike (lag), and from loadgen's own account beside it. Generators without a schedule
 * of their own (closed loops) have the rate that they reach.
 *
 *   npm run bench:capacity -- [--rounds 3] [--seconds 2] [--connections 32]
 */
import { achievedRate, lateP99Micros, quantile } from './arrivals.js';
import { type Generator, openGenerators } from './generators.js';
import { openBench } from './quiet-service.js';
import { numberOption } from './repeated-runs.js';

const LADDER = [500, 1000, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000];
const [STRICT_MICROS, LOOSE_MICROS] = [100, 1000];
/** A rate of which less came was not held. */
const HELD_SHARE = 0.99;
const [rounds, seconds, connections] = [
  numberOption('rounds', 3),
  numberOption('seconds', 2),
  numberOption('connections', 32),
];

interface Step {
  readonly rate: number;
  readonly achieved: number;
  readonly lateMicros: number;
  readonly ownLagMicros: number | null;
  readonly cpuMicrosPerRequest: number;
}

const bench = openBench();
const service = await bench.startService(0);
const { generators, missing } = await openGenerators(bench);
const middle = (values: readonly number[]) => quantile(values, 0.5);

async function stepOf(generator: Generator, ratePerSecond: number | null): Promise<Step> {
  const steps: Step[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await service.take();
    const said = await generator.load({
      address: service.address,
      ratePerSecond,
      connections,
      durationMs: seconds * 1000,
    });
    const { receivedNs } = await service.take();
    const rate = ratePerSecond ?? achievedRate(receivedNs);
    steps.push({
      rate,
      achieved: achievedRate(receivedNs),
      lateMicros: lateP99Micros(receivedNs, rate) ?? Number.POSITIVE_INFINITY,
      ownLagMicros: said.lagP99Micros,
      cpuMicrosPerRequest: said.cpuMicros / said.requests,
    });
  }
  const own = steps.flatMap(({ ownLagMicros }) => (ownLagMicros === null ? [] : [ownLagMicros]));
  return {
    rate: middle(steps.map(({ rate }) => rate)),
    achieved: middle(steps.map(({ achieved }) => achieved)),
    lateMicros: middle(steps.map(({ lateMicros }) => lateMicros)),
    ownLagMicros: own.length === 0 ? null : middle(own),
    cpuMicrosPerRequest: middle(steps.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest)),
  };
}

const told = ({ rate, achieved, lateMicros, ownLagMicros, cpuMicrosPerRequest }: Step) =>
  `${rate.toFixed(0).padStart(8)}/s asked ${achieved.toFixed(0).padStart(8)}/s came, lag p99 ${lateMicros.toFixed(0).padStart(7)} µs${ownLagMicros === null ? '' : ` (own account ${ownLagMicros.toFixed(0)} µs)`}, ${cpuMicrosPerRequest.toFixed(1)} µs of CPU a request`;

const summary: string[] = [];
for (const generator of generators) {
  console.log(`${generator.name}, ${generator.model} loop, one core, ${connections} connections`);
  if (generator.model === 'closed') {
    const step = await stepOf(generator, null);
    console.log(
      `  reaches ${step.achieved.toFixed(0)}/s, ${step.cpuMicrosPerRequest.toFixed(1)} µs of CPU a request`,
    );
    summary.push(
      `${generator.name.padEnd(22)} no schedule; reaches ${step.achieved.toFixed(0).padStart(6)}/s  ${step.cpuMicrosPerRequest.toFixed(1).padStart(6)} µs a request`,
    );
    continue;
  }
  const steps: Step[] = [];
  for (const rate of LADDER) {
    const step = await stepOf(generator, rate);
    steps.push(step);
    console.log(`  ${told(step)}`);
    if (step.achieved < HELD_SHARE * rate) break;
  }
  const held = steps.filter(({ rate, achieved }) => achieved >= HELD_SHARE * rate);
  const highest = (limit: number, of: (step: Step) => number) => {
    const best = held.filter((step) => of(step) < limit).at(-1);
    return best === undefined ? 'none'.padStart(8) : `${best.rate}/s`.padStart(8);
  };
  const tells = steps.some(({ ownLagMicros }) => ownLagMicros !== null);
  const ownAccount = tells
    ? ` (own account ${highest(STRICT_MICROS, ({ ownLagMicros }) => ownLagMicros ?? Number.POSITIVE_INFINITY).trim()})`
    : '';
  const cpu = held.at(-1)?.cpuMicrosPerRequest ?? Number.NaN;
  summary.push(
    `${generator.name.padEnd(22)} lag < 100 µs: ${highest(STRICT_MICROS, (step) => step.lateMicros)}${ownAccount}  < 1 ms: ${highest(LOOSE_MICROS, (step) => step.lateMicros)}  held: ${`${held.at(-1)?.rate ?? 0}/s`.padStart(8)}  ${cpu.toFixed(1).padStart(6)} µs a request`,
  );
}
for (const generator of generators) await generator.close();
await service.close();
await bench.close();
console.log(`\nFrom one core (lag: p99, as the service saw it; ${rounds} × ${seconds} s a step)`);
for (const line of summary) console.log(line);
for (const how of missing) console.log(`not here: ${how}`);
