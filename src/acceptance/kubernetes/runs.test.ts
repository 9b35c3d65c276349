/** Runs on a real cluster of two nodes: the same scenarios, the same directions, and CPU as the kernel's own books have it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readRun, type SliceRecord } from '../../record/index.js';
import { checkout, meshmark, startMeshmark } from '../command-line.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';

const quickstart = join(checkout, 'scenarios', 'quickstart.yaml');
let cluster: TestCluster;

beforeAll(async () => {
  const begunAt = performance.now();
  cluster = await bringUp(2);
  console.log(`the image and a cluster of two nodes: ${seconds(begunAt)}`);
});

afterAll(() => {
  const begunAt = performance.now();
  cluster?.down();
  console.log(`the cluster taken down: ${seconds(begunAt)}`);
});

afterEach(() => {
  expect(cluster.left()).toEqual([]);
});

function seconds(begunAt: number): string {
  return `${((performance.now() - begunAt) / 1000).toFixed(1)} s`;
}

const out = (name: string) => join(cluster.folder, `${name}.run`);

/** Of the effects of a run against `plain`, those on a metric as ratios, by candidate. */
function ratios(directory: string, metric: string): Record<string, number | null> {
  const effects = readRun(directory).run.analysis?.effects ?? [];
  return Object.fromEntries(
    effects
      .filter((effect) => effect.metric === metric && effect.baseline === 'plain')
      .map(({ candidate, ratio }) => [candidate, ratio]),
  );
}

test('the quickstart on the cluster says what it says on this machine', async () => {
  const begunAt = performance.now();
  const onCluster = await cluster.meshmark(
    'run',
    quickstart,
    ...['--cluster', 'kubernetes', '--blocks', '6'],
    '--out',
    out('quickstart'),
  );
  console.log(`the quickstart on the cluster: ${seconds(begunAt)}`);
  expect([0, 3], onCluster.stderr + onCluster.stdout).toContain(onCluster.exitCode);
  const here = out('here');
  const locally = await meshmark(['run', quickstart, '--blocks', '4', '--out', here]);
  expect([0, 3], locally.stderr).toContain(locally.exitCode);

  const pooled = 'pooled-buffer';
  for (const metric of ['alloc.bytes_per_request', 'cpu.per_request']) {
    const ratio = ratios(out('quickstart'), metric)[pooled];
    console.log(`${metric} of ${pooled}: × ${ratio} on the cluster, × ${ratios(here, metric)[pooled]} here`);
    expect(ratio, metric).toBeLessThan(1);
    expect(ratios(here, metric)[pooled], metric).toBeLessThan(1);
  }
  expect(ratios(out('quickstart'), 'latency.p50').direct).toBeLessThan(1);
  expect(ratios(here, 'latency.p50').direct).toBeLessThan(1);

  const { run } = readRun(out('quickstart'));
  expect(run.variants.map(({ status }) => status)).toEqual(['measured', 'measured', 'measured']);
  const pooledBuffers = run.variants.find(({ id }) => id === pooled)?.witness;
  expect(pooledBuffers).toMatchObject({ exercised: true });
  // Clients keep apart from services, as nodes allow, and the same for every variant.
  const nodesOf = (side: string) => [
    ...new Set(run.cluster?.pods.filter((pod) => pod.side === side).map(({ node }) => node)),
  ];
  expect(nodesOf('client')).toHaveLength(1);
  expect(nodesOf('service')).toHaveLength(1);
  expect(nodesOf('client')).not.toEqual(nodesOf('service'));
  expect(run.isolation.notIsolated).toContain('the 2 nodes are one machine');
  const page = readFileSync(join(out('quickstart'), 'report.html'), 'utf8');
  expect(page).toContain('Where it ran');
});

/** Where version 1 of control groups keeps CPU; version 2 keeps all in one place. */
const ACCOUNTS = '/sys/fs/cgroup/cpuacct';

/** What the kernel has charged to the cgroup of a container so far, in ns; null where it is not there. */
function chargedNs(container: string): number | null {
  const folder = cgroupOf(existsSync(ACCOUNTS) ? ACCOUNTS : '/sys/fs/cgroup', container);
  if (folder === null) return null;
  try {
    if (folder.startsWith(ACCOUNTS)) return Number(readFileSync(join(folder, 'cpuacct.usage'), 'utf8'));
    const micros = /^usage_usec (\d+)$/m.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))?.[1];
    return micros === undefined ? null : Number(micros) * 1000;
  } catch {
    return null;
  }
}

const found = new Map<string, string>();

function cgroupOf(root: string, container: string, depth = 8): string | null {
  const known = found.get(container);
  if (known !== undefined) return known;
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(root, entry.name);
    if (entry.name === container) {
      found.set(container, path);
      return path;
    }
    const below = depth > 0 ? cgroupOf(path, container, depth - 1) : null;
    if (below !== null) return below;
  }
  return null;
}

/** By straight lines between readings. */
function at(readings: readonly { readonly atMicros: number; readonly ns: number }[], micros: number): number {
  const next = readings.findIndex(({ atMicros }) => atMicros >= micros);
  const [before, after] = [readings[next - 1], readings[next]];
  if (before === undefined || after === undefined) throw new RangeError('nothing was read around it');
  const share = (micros - before.atMicros) / (after.atMicros - before.atMicros);
  return before.ns + share * (after.ns - before.ns);
}

test('CPU of a container is what the kernel charges to its cgroup in the same slice, within 1 %', async () => {
  const scenario = shortScenario(cluster.folder, 'charged', '{ provider: kubernetes }', '4s', 2000);
  const running = startMeshmark(['run', scenario, '--out', out('charged')], {
    env: { KUBECONFIG: cluster.kubeconfig },
  });
  await running.saw(/round 1 of 4/);
  const columns =
    'jsonpath={range .items[*].status.initContainerStatuses[*]}{.name} {.containerID}{"\\n"}{end}';
  const containers = cluster
    .kubectl('get', 'pods', '-A', '-l', 'meshmark.dev/variant=plain', '-o', columns)
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([role]) => role === 'outbound' || role === 'inbound')
    .map(([role = '', id = '']) => ({ role, id: id.replace('containerd://', '') }));
  expect(containers.map(({ role }) => role).sort()).toEqual(['inbound', 'outbound']);
  const readings = new Map(
    containers.map(({ role }) => [role, [] as { atMicros: number; ns: number }[]] as const),
  );
  let ended = false;
  running.saw(/round 2 of 4/).then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    for (const { role, id } of containers) {
      const ns = chargedNs(id);
      const atMicros = (performance.timeOrigin + performance.now()) * 1000;
      if (ns !== null) readings.get(role)?.push({ atMicros, ns });
    }
    await sleep(2);
  }
  running.kill('SIGINT');
  await running.ended;
  const slice = readRun(out('charged')).slices.find(
    (one): one is SliceRecord => one.variant === 'plain' && one.round === 0 && one.track === 'long',
  );
  if (slice === undefined) throw new Error('no slice of plain was measured');
  for (const { role } of containers) {
    const told = slice.cpu.find((one) => one.role === role);
    if (told === undefined) throw new Error(`no CPU of ${role} was read`);
    const own = readings.get(role) ?? [];
    const charged = at(own, slice.endedAtMicros) - at(own, slice.startedAtMicros);
    const ratio = (told.endNs - told.startNs) / charged;
    console.log(
      `${role}: ${((told.endNs - told.startNs) / 1e6).toFixed(1)} ms told, × ${ratio.toFixed(4)} of its cgroup’s`,
    );
    expect(Math.abs(ratio - 1), role).toBeLessThan(0.01);
  }
});

test('secured, policed and QUIC sidecars stand as pods too, and their witnesses prove them', async () => {
  const rows = ['direct', 'plain', 'mtls-all', 'quic', 'rbac-remote'];
  const scenario = shortScenario(cluster.folder, 'rows', '{ provider: kubernetes }', '1s', 300, rows);
  const running = startMeshmark(['run', scenario, '--out', out('rows')], {
    env: { KUBECONFIG: cluster.kubeconfig },
  });
  await running.saw(/round 2 of 4/);
  running.kill('SIGINT');
  const { stderr } = await running.ended;
  expect(stderr).not.toMatch(/failed/);
  const witnesses = readRun(out('rows')).run.variants.map(({ id, witness }) => [
    id,
    witness?.name,
    witness?.exercised,
  ]);
  expect(witnesses).toEqual([
    ['direct', undefined, undefined],
    ['plain', 'proxy-in-path', true],
    ['mtls-all', 'mtls@inbound', true],
    ['quic', 'h3@inbound', true],
    ['rbac-remote', 'policy-calls@inbound', true],
  ]);
}, 300_000);

test('two runs at once in one cluster do not touch each other', async () => {
  const run = (name: string) =>
    cluster.meshmark(
      'run',
      shortScenario(cluster.folder, name, '{ provider: kubernetes }', '1s', 300, ['direct', 'plain'], 2),
      '--out',
      out(name),
    );
  const ends = await Promise.all([run('one'), run('two')]);
  for (const { exitCode, stdout, stderr } of ends) {
    expect([0, 3], stderr).toContain(exitCode);
    expect(`${stdout}${stderr}`).not.toMatch(/failed/);
  }
  const marks = ['one', 'two'].map((name) => readRun(out(name)).run.cluster?.run);
  expect(new Set(marks).size).toBe(2);
  for (const name of ['one', 'two']) {
    const { slices } = readRun(out(name));
    expect(slices.filter(({ status }) => status.state === 'measured')).toHaveLength(4);
  }
});

test('what the README says to do with a cluster can be done', () => {
  const text = readFileSync(join(checkout, 'README.md'), 'utf8');
  const commands = [...text.matchAll(/^```sh cluster\n([\s\S]*?)^```$/gm)]
    .flatMap((block) => (block[1] ?? '').trim().split('\n'))
    // The cluster is this machine's own, and has the image.
    .filter((command) => !command.startsWith('kind '));
  expect(commands.length).toBeGreaterThanOrEqual(5);
  for (const command of commands) {
    const short = /meshmark run /.test(command) ? `${command} --blocks 4` : command;
    const elsewhere = short
      .replace('reports/cluster', out('readme'))
      .replace('meshmark.tar', join(cluster.folder, 'meshmark.tar'));
    const ended = spawnSync('bash', ['-c', elsewhere], {
      cwd: checkout,
      encoding: 'utf8',
      env: {
        ...process.env,
        CI: 'true',
        KUBECONFIG: cluster.kubeconfig,
        PATH: `${cluster.programs}:${process.env.PATH}`,
      },
    });
    expect(
      /meshmark run /.test(command) ? [0, 3] : [0],
      `${command}: ${ended.stdout}${ended.stderr}`,
    ).toContain(ended.status);
  }
});
