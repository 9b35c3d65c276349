/**
 * What does the all-on Go sidecar cost beside Envoy, HAProxy and nginx? Runs scenarios/real-proxies.yaml and prints CPU per request
 * as ratios with their intervals, bare and with the duties of a mesh, and where the sidecar's CPU goes by its own profile.
 *
 *   npm run bench:proxies -- [--blocks 10]
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalCluster } from '../../cluster/index.js';
import { createProcessHost, FOREIGN_PROGRAMS, findProgram, howToGet } from '../../host/index.js';
import { startLoadgen } from '../../load/index.js';
import { readRun } from '../../record/index.js';
import { resolveVariant } from '../../variants/index.js';
import { checkout, meshmark, scratchFolder } from '../command-line.js';
import { effectOf, effectText, numberOption } from './repeated-runs.js';

/** As in the scenario. */
const CONNECTIONS = 16;

for (const program of FOREIGN_PROGRAMS) {
  if (findProgram(program) === null) {
    console.error(`there is no ${program} here: ${howToGet(program)}`);
    process.exit(4);
  }
}
const folder = scratchFolder();
const out = join(folder, 'run');
const blocks = String(numberOption('blocks', 10));
const ended = await meshmark([
  'run',
  join(checkout, 'scenarios', 'real-proxies.yaml'),
  '--blocks',
  blocks,
  '--out',
  out,
]);
if (ended.exitCode !== 0 && ended.exitCode !== 3) throw new Error(`the run ended:\n${ended.stderr}`);
const { run } = readRun(out);
for (const { variant, metric, value } of run.analysis?.levels ?? []) {
  if (metric === 'cpu.per_request' && value !== null) {
    console.log(`${variant.padEnd(14)} ${value.toFixed(1)} µs of CPU per request`);
  }
}
for (const [candidate, baseline] of [
  ['all-on', 'envoy'],
  ['all-on', 'haproxy'],
  ['all-on', 'nginx'],
  ['all-on-bare', 'envoy-bare'],
  ['all-on-bare', 'haproxy-bare'],
  ['all-on-bare', 'nginx-bare'],
] as const) {
  const effect = effectOf(run, 'cpu.per_request', candidate, baseline);
  const ratio = effect.ratio?.toFixed(2) ?? '–';
  console.log(`${candidate} / ${baseline}: ${ratio}, ${effectText(effect)} (aim ≤ 1), ${effect.verdict}`);
}
console.log(
  `validity: ${run.analysis?.validity.status} ${(run.analysis?.validity.reasons ?? []).join('; ')}`,
);
rmSync(folder, { recursive: true });

console.log('\nWhere the CPU of all-on goes, bare, by its own profile under the same load:');
console.log(await profileOf('all-on', 5));

/** Functions by their own CPU time, from a profile of a variant's outbound sidecar in a closed loop. */
async function profileOf(kind: string, seconds: number): Promise<string> {
  const directory = scratchFolder();
  const host = createProcessHost();
  const cluster = createLocalCluster(host, {
    keepAwake: true,
    directory,
    longestMs: 60_000,
    nodes: 1,
    roundTripMs: 0,
    policyLatencyMs: 0,
    addresses: 'ipv4',
    kernelHooks: false,
  });
  try {
    const engine = await startLoadgen(host, cluster.isolation.generatorCores);
    const variant = resolveVariant(
      { id: kind, kind, options: {}, command: null },
      { roles: ['outbound'], clusterOf: () => '', connections: CONNECTIONS, protocol: 'http1' },
    );
    const responseBytes = { min: 1024, max: 1024 };
    const service = { protocol: 'http1', stream: null, responseBytes, delayMs: 0, faultRate: 0 } as const;
    const [outcome] = await cluster.deploy({ variants: [variant], service });
    if (outcome?.state !== 'standing') throw new Error(`${kind} does not stand`);
    const { entry, processes } = outcome.deployment;
    const target = { id: kind, address: entry, connections: CONNECTIONS, timeoutMs: 5000, processes: [] };
    await engine.setTargets([
      { ...target, protocol: 'http1', connectionPerRequest: false, idleConnections: 0 },
    ]);
    const slice = {
      seq: 1,
      target: kind,
      model: 'closed',
      durationMs: seconds * 1000,
      warmupMs: 1000,
    } as const;
    const load = engine.runSlices([slice], () => undefined);
    const source = processes.find(({ role }) => role === 'outbound')?.admin;
    if (source?.type !== 'snapshot') throw new Error(`${kind} has no profile`);
    const admin = source.address;
    const profile = join(directory, 'cpu.pprof');
    const response = await fetch(`http://${admin}/debug/pprof/profile?seconds=${seconds - 1}`);
    writeFileSync(profile, new Uint8Array(await response.arrayBuffer()));
    await load;
    await engine.close();
    const top = ['tool', 'pprof', '-top', '-nodecount', '20', profile];
    return execFileSync('go', top, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } finally {
    await cluster.close();
    await host.close();
    rmSync(directory, { recursive: true });
  }
}
