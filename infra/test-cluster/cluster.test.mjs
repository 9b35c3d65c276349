/** The test cluster from outside: it comes up on its own, runs a pod on each node, and leaves nothing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureKubernetes } from './kubernetes.mjs';
import { KUBECONFIG, NODES, STATE } from './layout.mjs';

const main = join(dirname(fileURLToPath(import.meta.url)), 'main.mjs');
const root = dirname(dirname(dirname(main)));
const IMAGE = 'meshmark.test/dataplane:1';
const folder = mkdtempSync(join(tmpdir(), 'meshmark-cluster-'));

/** @param {readonly string[]} args */
function cluster(...args) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

/** @param {string} command @param {readonly string[]} args */
function said(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8' });
}

/** What of the machine a cluster could leave something in. */
function traces() {
  const lines = (/** @type {string} */ text) => text.split('\n').filter((line) => line !== '');
  const names = (/** @type {string} */ path) => (existsSync(path) ? readdirSync(path).sort() : []);
  return {
    processes: names('/proc').flatMap((pid) => {
      const words = /^\d+$/.test(pid) ? commandOf(pid) : '';
      return /kubernetes[^ ]*\/(kubernetes|pause)|containerd/.test(words) ? [words] : [];
    }),
    mounts: lines(readFileSync('/proc/mounts', 'utf8')).map((line) => line.split(' ')[1]),
    links: lines(said('ip', '-o', 'link')).map((line) => line.split(': ')[1]?.split('@')[0]),
    routes: lines(said('ip', '-o', 'route')),
    namespaces: lines(said('ip', 'netns', 'list')),
    rules: said('nft', 'list', 'ruleset'),
    cgroups: lines(said('find', '/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd')),
    settings: lines(
      said(
        'sh',
        '-c',
        'sysctl -a 2>/dev/null | grep -E "^(net.ipv[46].(ip_forward|conf.all)|net.bridge|vm.overcommit_m|vm.panic|kernel.panic|kernel.keys)"',
      ),
    ),
    logs: names('/var/log/containers'),
    pods: names('/var/log/pods'),
    plugins: names('/run/netns'),
    state: existsSync(STATE),
  };
}

/** @param {string} pid */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** @type {ReturnType<typeof traces>} */
let before;
/** @type {string} */
let kubernetes;

/** @param {readonly string[]} args */
const kubectl = (...args) => said(kubernetes, 'kubectl', `--kubeconfig=${KUBECONFIG}`, ...args);

/** Runs a service on each node, and waits for it. @param {readonly string[]} nodes */
function startPods(nodes) {
  const pods = nodes.map((node) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `on-${node}` },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'service',
          image: IMAGE,
          imagePullPolicy: 'Never',
          args: [
            'service',
            '--listen',
            '0.0.0.0:8080',
            '--admin',
            '0.0.0.0:8081',
            '--response-bytes',
            '1024',
          ],
        },
      ],
    },
  }));
  const manifest = join(folder, 'pods.json');
  writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }));
  kubectl('apply', '-f', manifest);
  for (const node of nodes) kubectl('wait', '--for=condition=Ready', `pod/on-${node}`, '--timeout=60s');
}

beforeAll(async () => {
  ({ kubernetes } = await ensureKubernetes());
  const meshmark = join(root, 'infra', 'setup', 'meshmark.mjs');
  said(process.execPath, meshmark, 'images', 'save', join(folder, 'dataplane.tar'), '--name', IMAGE);
  cluster('down');
  before = traces();
});

afterAll(() => {
  cluster('down');
  rmSync(folder, { recursive: true, force: true });
});

test('says how it is used, and starts nothing, when it is not understood', () => {
  const { status, stderr } = cluster('upp');
  expect(status).toBe(2);
  expect(stderr).toContain('Usage: npm run cluster -- up');
  expect(existsSync(STATE)).toBe(false);
});

test('two nodes come up, run a pod each that answers, and leave nothing', () => {
  const up = cluster('up', '--nodes', '2', '--image', join(folder, 'dataplane.tar'));
  console.log(up.stdout);
  expect(up.stderr).toBe('');
  expect(up.status).toBe(0);
  expect(cluster('status').stdout).not.toContain('not running');
  // It is up when services can be reached, too, which is later than when its nodes say that they are ready.
  for (const { name, enter } of NODES) {
    const rules = said('sh', '-c', `${enter.join(' ')} nft list table ip kube-proxy`);
    expect(rules, name).toContain('default/kubernetes/tcp/https');
  }
  // A look that sees nothing of a cluster that stands would see nothing of what it leaves.
  const standing = traces();
  for (const kind of /** @type {const} */ ([
    'processes',
    'links',
    'routes',
    'namespaces',
    'rules',
    'cgroups',
  ])) {
    expect(standing[kind], kind).not.toEqual(before[kind]);
  }
  expect(kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).toBe('node1 node2');

  startPods(['node1', 'node2']);
  const address = (/** @type {string} */ node) =>
    kubectl('get', 'pod', `on-${node}`, '-o', 'jsonpath={.status.podIP}');
  for (const node of ['node1', 'node2']) {
    expect(said('curl', '-s', '-m', '5', '--noproxy', '*', `http://${address(node)}:8080/`)).toHaveLength(
      1024,
    );
  }
  expect(kubectl('logs', 'on-node2')).toContain('"event":"listening"');

  const down = cluster('down');
  console.log(down.stdout);
  expect(down.status).toBe(0);
  expect(traces()).toEqual(before);
});

test('what a crash leaves of a cluster is removed', () => {
  expect(cluster('up', '--image', join(folder, 'dataplane.tar')).status).toBe(0);
  startPods(['node1']);
  // Without these nobody can be asked to end the pods.
  for (const program of ['node1/pid/containerd', 'node1/pid/kubelet', 'pid/kube-apiserver']) {
    const [pid = ''] = readFileSync(join(STATE, program), 'utf8').split(' ');
    process.kill(Number(pid), 'SIGKILL');
  }
  expect(cluster('status').stdout).toContain('not running');
  expect(cluster('down').status).toBe(0);
  expect(traces()).toEqual(before);
});
