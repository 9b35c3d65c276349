/** Variants that need more of a cluster than pods: programs in its nodes' kernels, and a mesh that it has already. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../record/index.js';
import { checkout } from '../command-line.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';
import { MESH_LABEL, MESH_PROXY, startTestMesh } from './test-mesh.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await bringUp(2);
});

afterAll(() => cluster?.down());

afterEach(() => {
  expect(cluster.left()).toEqual([]);
});

const ON_CLUSTER = '{ provider: kubernetes }';
const out = (name: string) => join(cluster.folder, `${name}.run`);

const variantsOf = (name: string) => readRun(out(name)).run.variants;
const variantOf = (name: string, id: string) => variantsOf(name).find((variant) => variant.id === id);

/** A scenario whose second variant is of the cluster's mesh, which must put these containers in. */
function meshScenario(name: string, mesh: string, containers: readonly string[], rounds = 2): string {
  const file = shortScenario(cluster.folder, name, ON_CLUSTER, '1s', 200, ['plain', 'injected'], rounds);
  const inject = `inject: { namespaceLabels: { ${MESH_LABEL}: ${mesh} }, containers: [${containers.join(', ')}], sides: [service] }`;
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('{ id: injected }', `{ id: mesh, kind: injected, ${inject} }`),
  );
  return file;
}

test('eBPF variants stand as pods with their programs at work, where scenario and command permit it', async () => {
  const allowed = '{ provider: kubernetes, allowPrivileged: true }';
  const kinds = ['plain', 'ebpf-sockops', 'zero-sidecar', 'rbac-ebpf'];
  const scenario = shortScenario(cluster.folder, 'in-kernel', allowed, '1s', 200, kinds, 2);
  const ran = await cluster.meshmark('run', scenario, '--allow-privileged', '--out', out('in-kernel'));
  expect([0, 3], ran.stderr + ran.stdout).toContain(ran.exitCode);
  expect(variantsOf('in-kernel').map(({ id, status, reason }) => [id, status, reason])).toEqual(
    kinds.map((id) => [id, 'measured', null]),
  );
  const witnesses = variantsOf('in-kernel').map(({ witness }) => witness?.name);
  expect(witnesses.slice(1)).toEqual(['messages', 'connects-redirected', 'kernel-policy']);
  const left: unknown = JSON.parse(
    execFileSync(join(checkout, 'dist', 'bin', 'dataplane'), ['kernel', '--list'], { encoding: 'utf8' }),
  );
  expect(left).toMatchObject({ programs: [], maps: [], links: [] });
});

test('a sidecar on a cluster has the kernel forward for it', async () => {
  const allowed = '{ provider: kubernetes, allowPrivileged: true }';
  const scenario = shortScenario(cluster.folder, 'sockmap', allowed, '1s', 200, ['plain', 'ebpf-sockmap'], 2);
  writeFileSync(scenario, readFileSync(scenario, 'utf8').replace('protocol: http1', 'protocol: tcp'));
  const ran = await cluster.meshmark('run', scenario, '--allow-privileged', '--out', out('sockmap'));
  expect([0, 3], ran.stderr + ran.stdout).toContain(ran.exitCode);
  expect(variantOf('sockmap', 'ebpf-sockmap')).toMatchObject({
    status: 'measured',
    witness: { name: expect.stringMatching(/^kernel-forwarding@/), exercised: true },
  });
});

test.each([
  [
    'the scenario does not',
    ON_CLUSTER,
    ['--allow-privileged'],
    /`cluster\.allowPrivileged: true` in the scenario$/,
  ],
  ['the command does not', '{ provider: kubernetes, allowPrivileged: true }', [], /`--allow-privileged`$/],
])('eBPF variants are unavailable where %s permit it', async (_who, where, flags, reason) => {
  const name = `refused-${flags.length}`;
  const scenario = shortScenario(cluster.folder, name, where, '1s', 100, ['plain', 'ebpf-sockops'], 2);
  const ran = await cluster.meshmark('run', scenario, ...flags, '--out', out(name));
  expect([0, 3], ran.stderr).toContain(ran.exitCode);
  expect(variantOf(name, 'ebpf-sockops')).toMatchObject({ status: 'unavailable' });
  expect(variantOf(name, 'ebpf-sockops')?.reason).toMatch(reason);
});

test('a mesh that the cluster has is measured with its witness, CPU of the proxy it put in included', async () => {
  const mesh = await startTestMesh(cluster, 'through', { bypassed: false });
  try {
    const ran = await cluster.meshmark(
      ...['run', meshScenario('through', 'through', [MESH_PROXY], 4), '--out', out('through')],
    );
    expect([0, 3], ran.stderr + ran.stdout).toContain(ran.exitCode);
  } finally {
    mesh.close();
  }
  expect(variantOf('through', 'mesh')).toMatchObject({
    status: 'measured',
    witness: { name: 'proxied', value: 1, exercised: true },
    dataPlaneRoles: ['inbound'],
  });
  const cpu = readRun(out('through')).run.analysis?.effects.find(
    ({ candidate, metric }) => candidate === 'mesh' && metric === 'cpu.per_request',
  );
  // One sidecar in the path where `plain` has two.
  expect(cpu?.ratio).toBeGreaterThan(0.2);
  expect(cpu?.ratio).toBeLessThan(0.8);
});

test('a proxy that is put in and led past is no measurement of a mesh', async () => {
  const mesh = await startTestMesh(cluster, 'past', { bypassed: true });
  try {
    await cluster.meshmark(...['run', meshScenario('past', 'past', [MESH_PROXY]), '--out', out('past')]);
  } finally {
    mesh.close();
  }
  expect(variantOf('past', 'mesh')).toMatchObject({
    status: 'not-exercised',
    reason: expect.stringMatching(
      /^proxied is claimed and not proved: 0 of \d+ connections came from the pod of/,
    ),
  });
});

test('a mesh that does not heed what is asked fails its variant, and one that was not to be there is proven absent', async () => {
  await cluster.meshmark(...['run', meshScenario('nobody', 'nobody', [MESH_PROXY]), '--out', out('nobody')]);
  expect(variantOf('nobody', 'mesh')).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/no container mesh-proxy was put into it \(nothing was put into it\)/),
  });
  await cluster.meshmark(...['run', meshScenario('none', 'nobody', []), '--out', out('none')]);
  expect(variantOf('none', 'mesh')).toMatchObject({
    status: 'measured',
    witness: { name: 'unproxied', exercised: true },
  });
});
