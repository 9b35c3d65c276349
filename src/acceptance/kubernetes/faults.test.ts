/** What goes wrong in a cluster gives one clear error, and leaves nothing behind. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensureKubernetes, loadImage, restartApiServer } from '../../../infra/test-cluster/testing.mjs';
import { readRun } from '../../record/index.js';
import { startMeshmark } from '../command-line.js';
import { writeProgramImage } from './program-image.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await bringUp(1);
});

afterAll(() => cluster?.down());

afterEach(() => {
  expect(cluster.left()).toEqual([]);
});

const out = (name: string) => ['--out', join(cluster.folder, `${name}.run`)];

/** Runs a scenario on the cluster and returns what it said, in one string, and how it ended. */
async function run(scenario: string, name: string, ...more: readonly string[]) {
  const { exitCode, stdout, stderr } = await cluster.meshmark('run', scenario, ...out(name), ...more);
  return { exitCode, said: `${stdout}${stderr}` };
}

describe('before anything stands', () => {
  test('an image that is not there', async () => {
    const scenario = shortScenario(
      cluster.folder,
      'image',
      '{ provider: kubernetes, image: "localhost/nowhere:1", imagePullPolicy: Never }',
    );
    const { exitCode, said } = await run(scenario, 'image');
    expect(exitCode).toBe(3);
    expect(said).toMatch(
      /plain failed: did not come up: pod .*ErrImageNeverPull: Container image "localhost\/nowhere:1" is not present/,
    );
  });

  test('a quota that is too small', async () => {
    cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } },
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'small', namespace: 'bench' },
        spec: { hard: { pods: '1' } },
      },
    );
    const scenario = shortScenario(cluster.folder, 'quota', '{ provider: kubernetes, namespace: bench }');
    const { exitCode, said } = await run(scenario, 'quota');
    cluster.kubectl('delete', 'namespace', 'bench');
    expect(exitCode).toBe(3);
    expect(said).toMatch(/did not come up: the cluster refuses the pod .*exceeded quota: small/);
  });

  test('no node that would take it', async () => {
    const scenario = shortScenario(
      cluster.folder,
      'unschedulable',
      '{ provider: kubernetes, serviceNodes: { pool: nowhere }, startTimeout: 3s }',
    );
    const { exitCode, said } = await run(scenario, 'unschedulable');
    expect(exitCode).toBe(3);
    expect(said).toMatch(
      /not in 3 s: no node takes it: 0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector/,
    );
  });

  test('a container that never listens', async () => {
    const image = join(cluster.folder, 'pause.tar');
    const { pause } = await ensureKubernetes();
    writeProgramImage('localhost/mute:1', image, pause);
    await loadImage(image);
    const scenario = shortScenario(
      cluster.folder,
      'mute',
      '{ provider: kubernetes, image: "localhost/mute:1", startTimeout: 4s }',
    );
    const { exitCode, said } = await run(scenario, 'mute');
    expect(exitCode).toBe(3);
    expect(said).toMatch(
      /plain failed: did not come up: pod .*: its agent cannot be asked: .*connect: connection refused/,
    );
  });

  test('credentials that have expired', async () => {
    const expired = join(cluster.folder, 'expired.conf');
    const config = JSON.parse(cluster.kubectl('config', 'view', '--raw', '-o', 'json'));
    const users = config.users.map(({ name }: { name: string }) => ({ name, user: { token: 'expired' } }));
    writeFileSync(expired, JSON.stringify({ ...config, users }));
    const scenario = shortScenario(cluster.folder, 'expired', '{ provider: kubernetes }');
    const { exitCode, said } = await run(scenario, 'expired', '--kubeconfig', expired);
    expect(exitCode).toBe(4);
    expect(said).toMatch(
      /CLUSTER could not .*does not know who asks; the credentials of the kubeconfig have expired/,
    );
  });

  test('a context that the kubeconfig does not have', async () => {
    const scenario = shortScenario(cluster.folder, 'context', '{ provider: kubernetes, context: nowhere }');
    const { exitCode, said } = await run(scenario, 'context');
    expect(exitCode).toBe(4);
    expect(said).toMatch(/CLUSTER the kubeconfig has no context nowhere; it has /);
  });
});

describe('while it is measured', () => {
  /** A run of a minute that is in its first slices. */
  async function begun(name: string, slice = '1s') {
    const scenario = shortScenario(cluster.folder, name, '{ provider: kubernetes }', slice);
    const running = startMeshmark(['run', scenario, ...out(name)], {
      env: { KUBECONFIG: cluster.kubeconfig },
    });
    await running.saw(/round 1 of 4/);
    return running;
  }

  /** The pods of a variant's side, as `namespace name`. */
  function podOf(variant: string, side: string): readonly [string, string] {
    const selector = `meshmark.dev/variant=${variant},meshmark.dev/side=${side}`;
    const columns = 'jsonpath={.items[0].metadata.namespace} {.items[0].metadata.name}';
    const [namespace = '', name = ''] = cluster
      .kubectl('get', 'pods', '-A', '-l', selector, '-o', columns)
      .split(' ');
    return [namespace, name];
  }

  test('a pod that is taken away: its variant fails, the others go on', async () => {
    const running = await begun('evicted', '3s');
    const [namespace, name] = podOf('plain', 'service');
    cluster.kubectl('delete', 'pod', '-n', namespace, name, '--grace-period=0', '--force', '--wait=false');
    await running.saw(/variant plain failed/);
    // With all that is left of it: the others go on.
    await running.saw(/round 2 of 4/);
    running.kill('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/Report: /);
    const record = JSON.parse(readFileSync(join(cluster.folder, 'evicted.run', 'run.json'), 'utf8'));
    const plain = record.variants.find((variant: { id: string }) => variant.id === 'plain');
    expect(plain.status).toBe('failed');
    expect(plain.reason).toMatch(new RegExp(`${name}: .*(deleted by somebody|ended)`));
    expect(record.variants.find((variant: { id: string }) => variant.id === 'direct').status).toBe(
      'measured',
    );
  });

  test('pods that their node turns out: what happened to them is told, and the run ends', async () => {
    const running = await begun('turned-out', '3s');
    const [namespace, name] = podOf('plain', 'service');
    const node = cluster.kubectl('get', 'pod', '-n', namespace, name, '-o', 'jsonpath={.spec.nodeName}');
    cluster.kubectl('taint', 'nodes', node, 'meshmark.test/out=now:NoExecute');
    try {
      await running.saw(/variant plain failed: pod .*(ended|deleted by somebody)/);
      const { exitCode, stdout } = await running.ended;
      expect(exitCode).toBe(3);
      expect(stdout).toMatch(/Report: /);
    } finally {
      cluster.kubectl('taint', 'nodes', node, 'meshmark.test/out-');
    }
  });

  test('a container that needs more memory than it has: its slice is marked, its variant fails for that reason', async () => {
    const small = '{ provider: kubernetes, memoryLimit: 24Mi }';
    const scenario = shortScenario(cluster.folder, 'memory', small, '3s', 300, ['direct', 'plain'], 2);
    // A buffer for each of so many connections is more than a sidecar has room for.
    writeFileSync(
      scenario,
      readFileSync(scenario, 'utf8')
        .replace('responseBytes: 1KiB, connections: 4', 'responseBytes: 1MiB, connections: 300')
        .replace(/^load: .*/m, 'load: { driver: loadgen, model: closed }'),
    );
    const { exitCode, stdout, stderr } = await cluster.meshmark('run', scenario, ...out('memory'));
    expect(exitCode, stdout + stderr).toBe(3);
    const { run, slices } = readRun(join(cluster.folder, 'memory.run'));
    const plain = run.variants.find(({ id }) => id === 'plain');
    expect(plain?.status).toBe('failed');
    expect(plain?.reason).toMatch(/ended: it was killed for using more memory than its limit \(OOMKilled\)/);
    expect(stdout).toMatch(/^plain: failed: .*OOMKilled/m);
    const own = slices.filter(({ variant, track }) => variant === 'plain' && track === 'long');
    expect(own.map(({ status }) => status.state)).toEqual(['failed']);
  });

  test('the API server is started anew during a slice: nothing is lost', async () => {
    const running = await begun('restarted', '3s');
    await restartApiServer();
    await running.saw(/round 3 of 4/);
    running.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(`${stdout}${stderr}`).not.toMatch(/failed|fault/);
    expect(exitCode).toBe(130);
    const { slices } = readRun(join(cluster.folder, 'restarted.run'));
    const early = slices.filter(({ round }) => round < 2);
    expect(early.map(({ variant, status }) => `${variant} ${status.state}`).sort()).toEqual([
      'direct measured',
      'direct measured',
      'plain measured',
      'plain measured',
    ]);
  });

  test('Ctrl-C keeps what was measured', async () => {
    const running = await begun('interrupted');
    await running.saw(/round 2 of 4/);
    running.kill('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/interrupted after \d of 4 rounds/);
  });

  test('after SIGKILL everything of the run, and nothing else, is removed by `clean --cluster`', async () => {
    const running = await begun('killed', '3s');
    running.kill('SIGKILL');
    await running.ended;
    const [namespace = ''] = podOf('plain', 'client');
    const mark = cluster.kubectl(
      'get',
      'namespace',
      namespace,
      '-o',
      'jsonpath={.metadata.labels.meshmark\\.dev/run}',
    );
    const { stdout: kept } = await cluster.meshmark('clean', '--cluster');
    expect(kept).toMatch(
      new RegExp(`left the namespace ${namespace} of the run ${mark}: it may be alive until .*--run ${mark}`),
    );
    const { exitCode, stdout } = await cluster.meshmark('clean', '--cluster', '--run', mark);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`removed the namespace ${namespace} of the run ${mark}`));
  });

  test('a namespace that does not go is named with what holds it', async () => {
    const running = await begun('stuck', '2s');
    const [namespace] = podOf('plain', 'client');
    cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace, finalizers: ['example.test/held'] },
    });
    running.kill('SIGINT');
    const { exitCode, stderr } = await running.ended;
    cluster.kubectl(
      'patch',
      'configmap',
      'held',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    );
    cluster.kubectl('wait', '--for=delete', `namespace/${namespace}`, '--timeout=60s');
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      new RegExp(
        `CLUSTER could not .*${namespace}.*still there after 45 s.*example.test/held.*clean --cluster --run`,
      ),
    );
  });
});
