/**
 * What meshmark itself costs: probe CPU and harness CPU beside the CPU that is measured, and the time from the command
 * to the first measured request when everything is built. Prints figures of one run; judge them on a quiet machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRun } from '../../record/index.js';
import { scenarioFile, scratchFolder, startMeshmark } from '../command-line.js';

const MOST_SHARE = 0.01;
const MOST_SECONDS = 3;

const scenario = `schema: meshmark.scenario/1
name: own cost
workload: {protocol: http1, responseBytes: 16KiB, connections: 16}
load: {driver: loadgen, model: open, rate: 800/s, arrivals: poisson}
slices: {duration: 2s, warmup: 300ms, blocks: 4, replicas: 4, micro: {requests: 100, warmup: 30, perRound: 2s}}
variants: [{id: plain}, {id: pooled-buffer}]
baseline: plain
`;

/** CPU of a live process in ns; 0 when it is gone. */
function cpuNsOf(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => {
      const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return sum + Number(onCpu);
    }, 0);
  } catch {
    return 0;
  }
}

const out = join(scratchFolder(), 'run');
const startedAtMicros = Date.now() * 1000;
const run = startMeshmark(['run', scenarioFile(scenario), '--out', out]);
await run.saw(/round 1 of 4/);
const harnessFromNs = cpuNsOf(run.pid);
await run.saw(/round 4 of 4/);
// Judging and rendering come after the last round and are not beside anything that is measured.
const harnessNs = cpuNsOf(run.pid) - harnessFromNs;
const result = await run.ended;
if (result.exitCode !== 0) throw new Error(`the run ended with ${result.exitCode}:\n${result.stderr}`);

const stored = readRun(out);
const first = Math.min(...stored.slices.map((slice) => slice.startedAtMicros));
const secondsToFirst = (first - startedAtMicros) / 1e6;
const measuredNs = stored.windows
  .filter((window) => window.track !== 'idle' && window.round < 3)
  .flatMap((window) =>
    window.end.processes
      .filter((process) => process.role !== 'generator')
      .map((end) => {
        const start = window.start.processes.find((one) => one.pid === end.pid);
        return (end.cpuNs ?? 0) - (start?.cpuNs ?? 0);
      }),
  )
  .reduce((sum, ns) => sum + ns, 0);
const probeShare = Math.max(
  ...Object.values(stored.run.analysis?.probeShare ?? {}).map((share) => share ?? 0),
);
const harnessShare = harnessNs / measuredNs;
const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
console.log(
  `probes: ${percent(probeShare)} of the CPU of the variant they ask (aim ≤ ${percent(MOST_SHARE)})`,
);
console.log(
  `harness beside three rounds: ${percent(harnessShare)} of the measured CPU, on the generator’s core (aim ≤ ${percent(MOST_SHARE)})`,
);
console.log(`command to first measured request: ${secondsToFirst.toFixed(2)} s (aim ≤ ${MOST_SECONDS} s)`);
if (probeShare > MOST_SHARE || secondsToFirst > MOST_SECONDS) process.exitCode = 1;
