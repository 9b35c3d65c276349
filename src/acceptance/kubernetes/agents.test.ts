/** Load from many pods on a real cluster: whole, exact, and never averaged over one that was lost. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { decodeHistogram, quantileNs, readRun, type SliceRecord, sumHistograms } from '../../record/index.js';
import { checkout, startMeshmark } from '../command-line.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';

const AGENTS = 4;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await bringUp(2);
});

afterAll(() => cluster?.down());

afterEach(() => {
  expect(cluster.left()).toEqual([]);
});

const out = (name: string) => join(cluster.folder, `${name}.run`);

/** The short scenario, loaded from four pods. */
function fromMany(name: string, rounds: number, where = '{ provider: kubernetes }', slice = '1s'): string {
  const file = shortScenario(cluster.folder, name, where, slice, 300, ['direct', 'plain'], rounds);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('arrivals: poisson', `arrivals: poisson, agents: ${AGENTS}`));
  return file;
}

function longSlices(name: string, variant: string): SliceRecord[] {
  return readRun(out(name)).slices.filter((slice) => slice.variant === variant && slice.track === 'long');
}

test('every agent ships its whole histogram, and together they are all samples', async () => {
  const { exitCode, stdout, stderr } = await cluster.meshmark(
    'run',
    fromMany('many', 2),
    '--out',
    out('many'),
  );
  expect([0, 3], stdout + stderr).toContain(exitCode);
  for (const variant of ['direct', 'plain']) {
    const slices = longSlices('many', variant);
    expect(slices).toHaveLength(2);
    for (const slice of slices) {
      const agents = slice.agents ?? [];
      expect(agents.map(({ agent, lost }) => [agent, lost])).toEqual(
        [0, 1, 2, 3].map((agent) => [agent, null]),
      );
      expect(new Set(agents.map(({ pod }) => pod)).size).toBe(AGENTS);
      expect(agents.reduce((sum, { requests }) => sum + requests, 0)).toBe(slice.requests);
      expect(slice.offeredRatePerSecond).toBe(300);
      const merged = decodeHistogram(slice.latency ?? '');
      const together = sumHistograms(agents.flatMap(({ latency }) => latency ?? []));
      expect(merged).toEqual(together);
      expect(merged.total).toBe(slice.requests);
      for (const q of [0.5, 0.9, 0.99]) expect(quantileNs(merged, q)).toBe(quantileNs(together, q));
    }
  }
  // Each pod's own sidecar is charged, and the service's once.
  const cpu = longSlices('many', 'plain')[0]?.cpu ?? [];
  const processes = (role: string) => cpu.filter((one) => one.role === role).map(({ pid }) => pid);
  expect(new Set(processes('outbound')).size).toBe(AGENTS);
  expect(processes('inbound')).toHaveLength(1);
  const { run } = readRun(out('many'));
  const nodes = run.cluster?.pods.filter(({ side, variant }) => side === 'client' && variant === 'plain');
  expect(new Set(nodes?.map(({ node }) => node)).size).toBe(2);
  expect(run.variants.find(({ id }) => id === 'plain')?.witness).toMatchObject({ exercised: true });
  expect(readFileSync(join(out('many'), 'report.html'), 'utf8')).toContain('Every agent answered');
});

test('an agent that is lost fails its variant by name, and the others go on', async () => {
  const running = startMeshmark(
    ['run', fromMany('lost', 4, '{ provider: kubernetes }', '4s'), '--out', out('lost')],
    {
      env: { KUBECONFIG: cluster.kubeconfig },
    },
  );
  await running.saw(/round 1 of 4/);
  const plain = ['-A', '-l', 'meshmark.dev/variant=plain,meshmark.dev/side=client'];
  const columns = 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}';
  const [third] = cluster
    .kubectl('get', 'pods', ...plain, '-o', columns)
    .trim()
    .split('\n')
    .filter((line) => line.includes('-client-2-'));
  const [namespace = '', pod = ''] = third?.split(' ') ?? [];
  cluster.kubectl('delete', 'pod', pod, '-n', namespace, '--grace-period=0', '--force');
  const { exitCode, stdout, stderr } = await running.ended;
  expect(exitCode, stdout + stderr).toBe(3);
  expect(stderr).toMatch(/variant plain failed: pod .*-client-2-.*; the others go on/);
  const slices = longSlices('lost', 'plain');
  expect(slices).toHaveLength(1);
  const [slice] = slices;
  expect(slice?.status).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(
      /load agent 3 on \S+ was lost .*; (3 of 4 agents answered|nothing was measured without it)$/,
    ),
  });
  expect(slice?.agents?.map(({ lost }) => lost === null)).toEqual([true, true, false, true]);
  expect(longSlices('lost', 'direct').map(({ status }) => status.state)).toEqual(Array(4).fill('measured'));
  const { run } = readRun(out('lost'));
  expect(run.variants.find(({ id }) => id === 'plain')?.status).toBe('failed');
  expect(readFileSync(join(out('lost'), 'report.html'), 'utf8')).toMatch(/Lost:<\/b> agent 3 of /);
});

test('in a namespace of the user’s, under the shipped role, nothing is left', async () => {
  cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
  try {
    cluster.kubectl('apply', '-n', 'bench', '-f', join(checkout, 'infra', 'kubernetes', 'role.yaml'));
    cluster.kubectl('create', 'serviceaccount', 'agents', '-n', 'bench');
    const account = '--serviceaccount=bench:agents';
    cluster.kubectl('create', 'rolebinding', 'agents', '-n', 'bench', '--role=meshmark', account);
    const token = cluster.kubectl('create', 'token', 'agents', '-n', 'bench').trim();
    const config = JSON.parse(cluster.kubectl('config', 'view', '--raw', '-o', 'json'));
    const users = config.users.map(({ name }: { name: string }) => ({ name, user: { token } }));
    const kubeconfig = join(cluster.folder, 'agents.conf');
    writeFileSync(kubeconfig, JSON.stringify({ ...config, users }));
    const { exitCode, stdout, stderr } = await cluster.meshmark(
      ...['run', fromMany('bench', 2, '{ provider: kubernetes, namespace: bench }')],
      ...['--kubeconfig', kubeconfig, '--out', out('bench')],
    );
    expect([0, 3], stdout + stderr).toContain(exitCode);
    expect(stdout + stderr).not.toMatch(/failed|CLUSTER/);
    const left = cluster.kubectl('get', 'jobs,pods,secrets', '-n', 'bench', '-o', 'name');
    expect(left.trim()).toBe('');
  } finally {
    cluster.kubectl('delete', 'namespace', 'bench');
  }
});

test('a job that cannot have its pods is told with the cluster’s reason', async () => {
  cluster.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } },
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace: 'bench' },
      spec: { hard: { pods: '3' } },
    },
  );
  try {
    const where = '{ provider: kubernetes, namespace: bench, startTimeout: 5s }';
    const { exitCode, stdout, stderr } = await cluster.meshmark(
      'run',
      fromMany('quota', 4, where),
      '--out',
      out('quota'),
    );
    expect(exitCode).toBe(3);
    expect(stdout + stderr).toMatch(
      /job bench\/\S+ has made \d of 4 pods in 5 s: FailedCreate: .*exceeded quota: small/,
    );
  } finally {
    cluster.kubectl('delete', 'namespace', 'bench');
  }
});
