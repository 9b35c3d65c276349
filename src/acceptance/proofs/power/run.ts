/**
 * How often a gate finds what is there, and what is not: `npm run bench:power`. Plants 2, 3, 4, 5 and 10 % more CPU per request
 * and 100 µs more latency, and nothing at all, gives each decision 30, 60 or 120 s, and appends what it came to to outcomes.jsonl. A
 * decision is a run and, where the run's gate suspects something, its confirmation, so that the run gets half of the time. `--runs 10` of each; `--seconds 30,60`, `--cpu 2,5` (percent), `--latency 0,100` (µs) choose; `--cpu none` leaves one out.
 * By how much a burn makes a request dearer is measured first, or told by `--planting`, as an earlier series printed it.
 * The gate's limit is no change at all, so that the sizes are those of the whole difference. Latency is planted as CPU burnt in
 * the request's own path, and judged by its median. `npm run bench:power-table` prints what all runs so far add up to.
 */
import { CONFIRMATION_CONFIDENCE } from '../../../record/index.js';
import { suspicionLevel } from '../../../stats/index.js';
import { burnFor } from '../planting.js';
import { effectOf, effectText, numberOption, runOnce } from '../repeated-runs.js';
import { plantingHere } from './burn.js';
import type { Planted } from './kept-lines.js';
import { listOption } from './options.js';
import { appendOutcome, readOutcomes } from './outcomes.js';
import { plantedText } from './telling.js';

const runs = numberOption('runs', 10);
const times = listOption('seconds', [30, 60, 120]);
const sizes: readonly Planted[] = [
  ...listOption('cpu', [0, 2, 3, 4, 5, 10]).map((size) => ({ what: 'cpu' as const, size })),
  ...listOption('latency', [0, 100]).map((size) => ({ what: 'latency' as const, size })),
];

/** Seconds that starting takes, and beside its slices a round on fresh processes, as plans reckon. */
const START_SECONDS = 2.5;
const ROUND_SECONDS = 0.95;
/** The shortest that a scenario may ask for, so that there are as many sets of fresh processes as the time has room for. */
const SLICES = {
  cpu: { text: 'micro: {requests: 100, warmup: 30, perRound: 2s}', seconds: 2 },
  latency: { text: 'duration: 1s, warmup: 50ms', seconds: 2.1 },
} as const;
const GATED = { cpu: 'cpu.per_request', latency: 'latency.p50' } as const;

/** Sets of fresh processes of a run that gets half of a decision's time. Throws RangeError where there is no room for four. */
function roundsOf(what: 'cpu' | 'latency', seconds: number): number {
  const round = SLICES[what].seconds + ROUND_SECONDS;
  const rounds = Math.floor((seconds / 2 - START_SECONDS) / round);
  if (rounds < 4) {
    throw new RangeError(
      `half of ${seconds} s has no room for four sets of fresh processes to judge ${what} by`,
    );
  }
  return rounds;
}

function scenario(what: 'cpu' | 'latency', burnMicros: number, seconds: number): string {
  const rounds = roundsOf(what, seconds);
  return `schema: meshmark.scenario/1
name: power
topology: {hops: 2}
workload: {protocol: http1, responseBytes: 4KiB, connections: 16}
${what === 'latency' ? 'load: {driver: loadgen, model: open, rate: 400/s, arrivals: poisson}\n' : ''}slices: {blocks: ${rounds}, replicas: ${rounds}, budget: ${Math.ceil(seconds / 2 + 1)}s, ${SLICES[what].text}}
variants:
  - {id: plain}
  - {id: burning, kind: sidecar, options: {testBurnMicros: ${burnMicros.toFixed(2)}}}
baseline: plain
gate: [{metric: ${GATED[what]}, maxIncrease: 0%}]
`;
}

// Refused before anything is measured.
for (const { what } of sizes) for (const seconds of times) roundsOf(what, seconds);

// Seeds go on from where the file ends, so that no run is a repetition.
let seed = 10_000 + readOutcomes().length;
const plantsCpu = sizes.some(({ what, size }) => what === 'cpu' && size > 0);
const planting = plantsCpu ? await plantingHere(seed * 10) : null;

for (let index = 0; index < runs; index += 1) {
  for (const planted of sizes) {
    const { what, size } = planted;
    const burnMicros = what === 'latency' ? size : planting === null ? 0 : burnFor(planting, size);
    for (const seconds of times) {
      seed += 1;
      const { run, exitCode, wallSeconds } = await runOnce(scenario(what, burnMicros, seconds), seed);
      const effect = effectOf(run, GATED[what], 'burning');
      const { fingerprint, cpuModel, cores, kernel, virtualised } = run.machine;
      const suspected = exitCode === 1 || run.confirmation !== undefined;
      appendOutcome({
        at: run.createdAt,
        meshmarkVersion: run.meshmarkVersion,
        machine: { fingerprint, cpuModel, cores, kernel, virtualised },
        planted,
        seconds,
        runSeconds: seconds / 2,
        slices: SLICES[what].text,
        burnMicros: Math.round(burnMicros * 100) / 100,
        seed,
        wallSeconds: Math.round(wallSeconds * 10) / 10,
        rounds: run.ending?.rounds ?? run.planned.rounds,
        plannedRounds: run.planned.rounds,
        ratio: effect.ratio,
        low: effect.low,
        high: effect.high,
        suspectAt: Number(suspicionLevel(run.planned.confidence, 1).toFixed(6)),
        suspected,
        confirmConfidence: CONFIRMATION_CONFIDENCE,
        confirmed: exitCode === 1,
      });
      console.log(
        `${plantedText(planted)}, ${seconds} s, run ${index + 1} of ${runs}: ${effectText(effect)}, ${run.ending?.rounds ?? '?'} of ${run.planned.rounds} blocks, ${suspected ? (exitCode === 1 ? 'suspected and confirmed' : 'suspected and not confirmed') : 'not suspected'}`,
      );
    }
  }
}
