/**
 * The same decisions as `npm run bench:power`, in the usual way and in the same time: `npm run bench:usual-way`. A's processes are
 * started, fortio or k6 asks them five times, they are ended, B is run likewise, and benchstat says what differs. Nothing is
 * pinned, interleaved or warmed up. CPU is planted under a closed loop and latency at 400 requests/s; the CPU of the sidecars,
 * read from procfs around each run, is one more metric. Each decision is appended to usual-way.jsonl, every metric for itself.
 * `--runs 10` of each; `--seconds 30,60`, `--cpu 0,5` (percent), `--latency 0,100` (µs) and `--generator fortio,k6` choose;
 * `--cpu none` leaves one out. By how much a burn makes a request dearer is measured first, or told by
 * `--planting`, as a series printed it, so that several have the same planted. `npm run bench:power-table` prints what all so far add up to, beside meshmark's.
 */
import { createProcessHost, packageVersion } from '../../../host/index.js';
import { readMachine } from '../../../probes/index.js';
import { burnFor } from '../planting.js';
import { numberOption } from '../repeated-runs.js';
import { plantingHere } from './burn.js';
import type { Planted } from './kept-lines.js';
import { choiceOption, listOption } from './options.js';
import { plantedText } from './telling.js';
import { decide, REPEATS, type UsualDecision } from './usual-decision.js';
import { openGenerator, USUAL_GENERATORS, type UsualGenerator } from './usual-generators.js';
import { USUAL_METRIC_NAMES, USUAL_METRICS } from './usual-metrics.js';
import { appendUsualOutcome, metricsOf, readUsualOutcomes, type UsualOutcome } from './usual-outcomes.js';

const runs = numberOption('runs', 10);
const times = listOption('seconds', [30, 60, 120]);
const sizes: readonly Planted[] = [
  ...listOption('cpu', [0, 2, 3, 5, 10]).map((size) => ({ what: 'cpu' as const, size })),
  ...listOption('latency', [0, 100]).map((size) => ({ what: 'latency' as const, size })),
];
const generatorNames = choiceOption('generator', USUAL_GENERATORS);

/** As run.ts has it. */
const RATES = { cpu: null, latency: 400 } as const;
/** Load of a run in the trial that shows what starting costs, and the least that a run may be left with. */
const TRIAL_MS = 1000;
const LEAST_RUN_MS = 500;

const host = createProcessHost();
try {
  // Times without room are refused before anything is measured.
  const benches: { readonly generator: UsualGenerator; startingMs: number }[] = [];
  for (const name of generatorNames) {
    const generator = await openGenerator(name);
    const trial = await decide(host, { generator, burnMicros: 0, ratePerSecond: null, runMs: TRIAL_MS });
    benches.push({ generator, startingMs: startingOf(trial, TRIAL_MS) });
    for (const seconds of times) runMsOf(seconds, startingOf(trial, TRIAL_MS), name);
  }
  const plantsCpu = sizes.some(({ what, size }) => what === 'cpu' && size > 0);
  const planting = plantsCpu ? await plantingHere((20_000 + readUsualOutcomes().length) * 10) : null;
  for (let index = 0; index < runs; index += 1) {
    for (const planted of sizes) {
      const { what, size } = planted;
      const burnMicros = what === 'latency' ? size : planting === null ? 0 : burnFor(planting, size);
      for (const seconds of times) {
        for (const bench of benches) {
          const { generator } = bench;
          const runMs = runMsOf(seconds, bench.startingMs, generator.name);
          const at = new Date().toISOString();
          const decision = await decide(host, { generator, burnMicros, ratePerSecond: RATES[what], runMs });
          bench.startingMs = startingOf(decision, runMs);
          const metrics = metricsOf(decision);
          const { fingerprint, cpuModel, cores, kernel, virtualised } = readMachine(null, {});
          appendUsualOutcome({
            at,
            meshmarkVersion: packageVersion(),
            machine: { fingerprint, cpuModel, cores, kernel, virtualised },
            planted,
            burnMicros: Math.round(burnMicros * 100) / 100,
            generator: { name: generator.name, version: generator.version },
            seconds,
            runSeconds: runMs / 1000,
            wallSeconds: Math.round(decision.wallSeconds * 10) / 10,
            metrics,
          });
          console.log(
            `${plantedText(planted)}, ${seconds} s, ${generator.name}, ${index + 1} of ${runs}: ${findingsText(metrics)}; took ${decision.wallSeconds.toFixed(1)} s`,
          );
        }
      }
    }
  }
} finally {
  await host.close();
}

/** What a decision took beside the load of its runs: starting and ending processes, and benchstat. */
function startingOf({ wallSeconds }: UsualDecision, runMs: number): number {
  return wallSeconds * 1000 - 2 * REPEATS * runMs;
}

/** Load of each run, so that a decision takes its time all in all. Throws RangeError where there is none left. */
function runMsOf(seconds: number, startingMs: number, generator: string): number {
  const runMs = Math.floor((seconds * 1000 - startingMs) / (2 * REPEATS));
  if (runMs < LEAST_RUN_MS) {
    throw new RangeError(
      `${seconds} s leave each of ${2 * REPEATS} runs of ${generator} less than ${LEAST_RUN_MS / 1000} s of load beside their starts; give --seconds more`,
    );
  }
  return runMs;
}

function findingsText(metrics: UsualOutcome['metrics']): string {
  return USUAL_METRIC_NAMES.flatMap((metric) => {
    const outcome = metrics[metric];
    return outcome === undefined
      ? []
      : [`${USUAL_METRICS[metric].words} ${outcome.verdict} (p ${outcome.p ?? '–'})`];
  }).join(', ');
}
