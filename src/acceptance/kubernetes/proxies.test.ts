/** Proxies of others, Node's sidecar, and proxies of the user's own as pods; and what a node's accelerator is asked for by. */
import { join } from 'node:path';
import {
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loadImage } from '../../../infra/test-cluster/testing.mjs';
import { FOREIGN_PROGRAMS, findProgram } from '../../host/index.js';
import { readRun, type SliceRecord } from '../../record/index.js';
import { meshmark, startMeshmark } from '../command-line.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';

/** Programs of others that are on this machine, and can be put into an image. */
const HERE = FOREIGN_PROGRAMS.filter((name) => findProgram(name) !== null);
const QUICKASSIST = 'qat.intel.com/cy';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await bringUp(2, ['node', ...HERE]);
});

afterAll(() => cluster?.down());

afterEach(() => {
  expect(cluster.left()).toEqual([]);
});

const out = (name: string) => join(cluster.folder, `${name}.run`);

function variantsOf(name: string) {
  return readRun(out(name)).run.variants;
}

test('every proxy that the image has is measured and proven in the path; what it lacks is unavailable', async () => {
  const rows = ['plain', ...FOREIGN_PROGRAMS, 'node-plain', 'qat-tls'];
  const scenario = shortScenario(cluster.folder, 'rows', '{ provider: kubernetes }', '1s', 100, rows, 2);
  const { exitCode, stdout, stderr } = await cluster.meshmark('run', scenario, '--out', out('rows'));
  expect([0, 3], stderr + stdout).toContain(exitCode);
  const found = variantsOf('rows').map(({ id, status, reason, witness }) => [
    id,
    status,
    reason,
    status === 'measured' ? [witness?.name, witness?.exercised] : null,
  ]);
  const inPath = ['proxy-in-path', true];
  const none =
    'no node offers qat.intel.com/… for private keys (node1, node2: the node offers none of qat.intel.com/asym, qat.intel.com/cy, qat.intel.com/asym-dc, qat.intel.com/generic)';
  expect(found).toEqual([
    ['plain', 'measured', null, inPath],
    ...FOREIGN_PROGRAMS.map((name) =>
      HERE.includes(name)
        ? [name, 'measured', null, inPath]
        : [name, 'unavailable', `needs ${name} in the image: \`meshmark images save --with ${name}\``, null],
    ),
    ['node-plain', 'measured', null, inPath],
    ['qat-tls', 'unavailable', none, null],
  ]);
}, 300_000);

test('what proxies prove of TLS and of connections they prove as pods, in a namespace that is there', async () => {
  cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
  const options = '{ mtls: all, duties: mesh, upstreamConnections: fresh }';
  const mesh = HERE.map((id) => `{ id: ${id}, options: ${options} }`);
  const where = '{ provider: kubernetes, namespace: bench }';
  const scenario = shortScenario(cluster.folder, 'mesh', where, '1s', 50, ['plain', ...mesh], 2);
  const { exitCode, stdout, stderr } = await cluster.meshmark('run', scenario, '--out', out('mesh'));
  expect([0, 3], stderr + stdout).toContain(exitCode);
  for (const { id, status, reason, witness } of variantsOf('mesh')) {
    expect([id, status, reason, witness?.exercised]).toEqual([id, 'measured', null, true]);
  }
  // Configurations are in secrets of their own, which go with their pods.
  expect(cluster.kubectl('get', 'secrets', '-n', 'bench', '-o', 'name').trim()).toBe('');
  cluster.kubectl('delete', 'namespace', 'bench');
}, 300_000);

/** A proxy in a line of Node.js that has a process beside it, tells when it is ready, and counts what passed. */
const PROXY = `
  const http = require('node:http');
  const at = (name) => new URL('http://' + process.env[name]);
  const [listen, admin, upstream] = ['LISTEN', 'ADMIN', 'UPSTREAM'].map(at);
  require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
  const agent = new http.Agent({ keepAlive: true });
  let requests = 0;
  http.createServer((asked, answer) => {
    requests += 1;
    const to = { host: upstream.hostname, port: upstream.port, path: asked.url, headers: asked.headers, agent };
    http.get(to, (came) => { answer.writeHead(came.statusCode, came.headers); came.pipe(answer); });
  }).listen(listen.port, listen.hostname);
  http.createServer((asked, answer) => answer.end('proxied_total ' + requests + '\\n')).listen(admin.port, admin.hostname);
`;

test('a proxy of the user’s own is measured from an image of theirs, with every process of it', async () => {
  const archive = join(cluster.folder, 'own.tar');
  const name = 'localhost/own-proxy:1';
  await meshmark(['images', 'save', archive, '--name', name, '--with', 'node']);
  await loadImage(archive);
  const own = {
    kind: 'custom',
    command: ['/node', '-e', PROXY],
    env: { LISTEN: '{listen}', ADMIN: '{admin}', UPSTREAM: '{upstream}' },
    ready: { path: '/' },
    metrics: { url: 'http://{admin}/metrics', map: { requests: 'proxied_total' } },
  };
  const variants = [
    'plain',
    JSON.stringify({ id: 'theirs', image: name, ...own }),
    JSON.stringify({ id: 'ours', ...own }),
    JSON.stringify({ id: 'nowhere', ...own, command: ['/no-such-proxy', '{listen}', '{upstream}'] }),
  ];
  const scenario = shortScenario(cluster.folder, 'own', '{ provider: kubernetes }', '1s', 100, variants, 2);
  const { exitCode, stdout, stderr } = await cluster.meshmark('run', scenario, '--out', out('own'));
  expect([0, 3], stderr + stdout).toContain(exitCode);
  expect(
    variantsOf('own').map(({ id, status, reason, witness }) => [id, status, reason, witness?.exercised]),
  ).toEqual([
    ['plain', 'measured', null, true],
    ['theirs', 'measured', null, true],
    ['ours', 'measured', null, true],
    [
      'nowhere',
      'unavailable',
      'needs /no-such-proxy in the image: name one that has it by the variant’s `image`',
      false,
    ],
  ]);
  const { slices, run } = readRun(out('own'));
  const slice = slices.find((one): one is SliceRecord => one.variant === 'theirs' && one.track === 'long');
  const told = (role: string) => slice?.cpu.filter((one) => one.role === role).length;
  expect([told('outbound'), told('inbound'), told('service')]).toEqual([2, 2, 1]);
  expect(run.isolation.notIsolated.join()).not.toMatch(/different images/);
}, 300_000);

test.skipIf(!HERE.includes('envoy'))(
  'an accelerated proxy is put on the node that offers the resource, with one of it',
  async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const path = `/status/capacity/${QUICKASSIST.replace('/', '~1')}`;
    const patch = (body: object) =>
      core.patchNodeStatus(
        { name: 'node2', body: [body] },
        setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
      );
    await patch({ op: 'add', path, value: '4' });
    // The kubelet makes it allocatable when it next tells of itself.
    await expect
      .poll(async () => (await core.readNode({ name: 'node2' })).status?.allocatable?.[QUICKASSIST], {
        timeout: 60_000,
      })
      .toBe('4');
    const seen: V1Pod[] = [];
    const watching = await new Watch(config).watch(
      '/api/v1/pods',
      { labelSelector: 'meshmark.dev/variant=qat-tls' },
      (_phase, pod: V1Pod) => seen.push(pod),
      () => undefined,
    );
    const scenario = shortScenario(cluster.folder, 'qat', '{ provider: kubernetes }', '1s', 100, [
      'plain',
      'qat-tls',
    ]);
    const running = startMeshmark(['run', scenario, '--out', out('qat')], {
      env: { KUBECONFIG: cluster.kubeconfig },
    });
    await running.saw(/variant qat-tls failed/);
    running.kill('SIGINT');
    await running.ended;
    watching.abort();
    await patch({ op: 'remove', path });
    // There is no device behind it, so that Envoy ends; it is the node's word, and Envoy's, that the run goes by.
    expect(variantsOf('qat').find(({ id }) => id === 'qat-tls')).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(
        /(in|out)bound ended: exit code 1.*last lines: (in|out)bound: .*\[critical\].*(qat|QAT)/,
      ),
    });
    const given = seen.flatMap(({ spec }) =>
      (spec?.initContainers ?? [])
        .filter(({ resources }) => resources?.limits?.[QUICKASSIST] === '1')
        .map(() => spec?.nodeName ?? null),
    );
    expect(new Set(given.filter((node) => node !== null))).toEqual(new Set(['node2']));
  },
  300_000,
);
