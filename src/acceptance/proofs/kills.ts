/**
 * Does anything stay behind? Starts runs with every kind of thing that meshmark puts into the kernel and kills each at a
 * random moment, by SIGKILL of the harness or by SIGINT, then lists what is left of it: eBPF programs, maps and links,
 * nftables tables, cgroups, processes.
 *
 *   npm run proof:kills -- [--runs 100] [--latest 6000]
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scenarioFile, scratchFolder, startMeshmark } from '../command-line.js';
import { countOf, kernelObjects, nftTables } from '../kernel-objects.js';
import { cgroupsOf, processesOf } from '../run-processes.js';
import { numberOption } from './repeated-runs.js';

/** A run lasts about 8 s; it is killed before that. */
const LATEST_MS = 6000;
/** The guard has this long to take away what is left. */
const CLEARED_WITHIN_MS = 3000;

const BYTES = `schema: meshmark.scenario/1
name: to be killed
topology: {hops: 1}
workload: {protocol: tcp, responseBytes: 4KiB, connections: 4}
slices: {blocks: 4, replicas: 4, seed: 5, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants:
  - {id: plain}
  - {id: ebpf-sockops}
  - {id: ebpf-sockmap}
  - {id: zero-sidecar, options: {sameHost: messages}}
baseline: plain
`;

const REQUESTS = `schema: meshmark.scenario/1
name: to be killed
topology: {hops: 2}
workload: {protocol: http1, responseBytes: 4KiB, connections: 4}
slices: {blocks: 4, replicas: 4, seed: 5, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants:
  - {id: plain}
  - {id: rbac-ebpf}
  - {id: connect, kind: plain, options: {interception: connect}}
  - {id: redirect, kind: plain, options: {interception: redirect}}
baseline: plain
`;

/** What is left of a run, in words; empty when nothing is. */
function leftOf(harness: number): string[] {
  const objects = kernelObjects();
  const left = [
    ...processesOf(harness).map(({ pid, command }) => `process ${pid} ${command.join(' ')}`),
    // What the harness asks of the kernel before it starts has a cgroup of its own.
    ...cgroupsOf(null).map((name) => `cgroup ${name}`),
    ...nftTables().map((table) => `nftables ${table}`),
  ];
  if (countOf(objects) > 0) left.push(`in the kernel: ${JSON.stringify(objects)}`);
  return left;
}

/** Kills a run after `afterMs` and returns what is left of it once the guard has had its time. */
async function killOne(scenario: string, afterMs: number, signal: NodeJS.Signals): Promise<string[]> {
  const folder = scratchFolder();
  const file = scenarioFile(scenario);
  const run = startMeshmark(['run', file, '--out', join(folder, 'run')]);
  await sleep(afterMs);
  run.kill(signal);
  await run.ended;
  let left = leftOf(run.pid);
  for (let waitedMs = 0; left.length > 0 && waitedMs < CLEARED_WITHIN_MS; waitedMs += 100) {
    await sleep(100);
    left = leftOf(run.pid);
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(file, '..'), { recursive: true, force: true });
  return left;
}

const runs = numberOption('runs', 100);
let unclean = 0;
for (let index = 0; index < runs; index += 1) {
  const signal = index % 4 === 3 ? 'SIGINT' : 'SIGKILL';
  const afterMs = Math.round(Math.random() * numberOption('latest', LATEST_MS));
  const left = await killOne(index % 2 === 0 ? BYTES : REQUESTS, afterMs, signal);
  if (left.length > 0) unclean += 1;
  const outcome = left.length === 0 ? 'nothing left' : `LEFT: ${left.join('; ')}`;
  console.log(`${String(index + 1).padStart(3)} of ${runs}: ${signal} after ${afterMs} ms: ${outcome}`);
}
console.log(`${unclean} of ${runs} killed runs left something behind`);
process.exitCode = unclean === 0 ? 0 : 1;
