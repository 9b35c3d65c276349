/** The test cluster's coming up and going down. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, SetupFault, setupStep } from '../setup/steps.mjs';
import { makeCgroups, processesIn, removeCgroups } from './cgroups.mjs';
import { CONTROL_PLANE, startApiServer, startControllers, startStore } from './control-plane.mjs';
import { writeImageArchive } from './image.mjs';
import { ensureKubernetes } from './kubernetes.mjs';
import { KUBECONFIG, KUBERNETES_SERVICE, NODES, PKI, STATE } from './layout.mjs';
import {
  keepNamespaces,
  keepSettings,
  makeFirstNetwork,
  makeSecondNetwork,
  networkConflict,
  removeNetworks,
  restoreSettings,
} from './network.mjs';
import {
  containers,
  importImage,
  PAUSE_IMAGE,
  runtimeAnswers,
  servicesAreReachable,
  startKubelet,
  startRuntime,
  writeNodeFiles,
} from './node.mjs';
import { endPid, endProcess, lastWords, runningPid, startTimeOf } from './processes.mjs';
import { ensureNodePrograms } from './programs.mjs';

/** A node is usually ready after 7 s; a busy machine may take many times that. */
const PATIENCE_MS = 120_000;

/**
 * Brings a cluster of one or two nodes up, in place of one that stands.
 *
 * @param {1 | 2} count
 * @param {readonly string[]} images paths of OCI archives that each node is given
 * @returns {Promise<string>} path of its kubeconfig
 */
export async function bringUp(count, images) {
  await setupStep('programs of nodes', ensureNodePrograms);
  const { kubernetes, pause } = await setupStep('Kubernetes', async () => {
    const paths = await ensureKubernetes();
    return { ...paths, note: paths.kubernetes };
  });
  await takeDown();
  const conflict = await networkConflict();
  if (conflict !== null)
    throw new SetupFault(conflict, { mend: 'end what uses them, or use another machine' });
  mkdirSync(STATE, { recursive: true, mode: 0o700 });
  mkdirSync(PKI, { recursive: true });
  const nodes = NODES.slice(0, count);
  try {
    await setupStep('networks and certificates', async () => {
      keepSettings();
      await keepNamespaces();
      await makeFirstNetwork();
      if (count === 2) await makeSecondNetwork();
      const addresses = nodes.map(({ name, address }) => `${name}=${address}`).join(',');
      const { code, output } = await run([
        kubernetes,
        'credentials',
        `--dir=${PKI}`,
        `--api=${NODES[0].address}`,
        `--service-ip=${KUBERNETES_SERVICE}`,
        `--nodes=${addresses}`,
      ]);
      if (code !== 0) throw new SetupFault('no certificates could be made', { mend: 'see above', output });
      for (const node of nodes) {
        makeCgroups(node.cgroupRoot);
        writeNodeFiles(node, PKI);
      }
      return 'made';
    });
    startStore(kubernetes);
    startApiServer(kubernetes);
    await setupStep('container runtime and images', async () => {
      const pauseImage = join(STATE, 'pause.tar');
      await writeImageArchive(PAUSE_IMAGE, pauseImage, [pause]);
      for (const node of nodes) {
        await startRuntime(node);
        await until(() => runtimeAnswers(node), 'containerd', node.state);
        for (const archive of [pauseImage, ...images]) await importImage(node, archive);
      }
      return `${images.length + 1} images`;
    });
    const kubectl = (/** @type {string[]} */ ...args) =>
      run([kubernetes, 'kubectl', `--kubeconfig=${KUBECONFIG}`, ...args]);
    const succeeds = async (/** @type {string[]} */ ...args) => (await kubectl(...args)).code === 0;
    await setupStep('API server', async () => {
      await until(() => succeeds('get', '--raw', '/readyz'), 'kube-apiserver', STATE);
      return 'ready';
    });
    startControllers(kubernetes);
    for (const node of nodes) startKubelet(node, kubernetes, PKI);
    await setupStep(count === 1 ? 'node' : 'nodes', async () => {
      for (const node of nodes) {
        const { name, state } = node;
        await until(() => succeeds('get', 'node', name), 'kubelet', state);
        await until(
          () => succeeds('wait', '--for=condition=Ready', `node/${name}`, '--timeout=1s'),
          'kubelet',
          state,
        );
        // The node is ready whether or not anything on it can reach a service.
        await until(() => servicesAreReachable(node), 'kube-proxy', state);
      }
      await until(
        () => succeeds('-n', 'default', 'get', 'serviceaccount', 'default'),
        'kube-controller-manager',
        STATE,
      );
      return 'ready';
    });
  } catch (fault) {
    await takeDown();
    throw fault;
  }
  return KUBECONFIG;
}

/**
 * Waits for something that a program is to bring about.
 *
 * @param {() => Promise<boolean>} holds
 * @param {string} program
 * @param {string} state
 */
async function until(holds, program, state) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    const ended = runningPid(state, program) === null;
    if (!ended && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    throw new SetupFault(
      ended ? `${program} ended` : `${program} is not ready after ${PATIENCE_MS / 1000} s`,
      {
        mend: 'see its last words above',
        output: lastWords(state, program),
      },
    );
  }
}

/** Removes everything of the cluster, whatever of it there is. Ends only processes that this program started, and theirs. */
export async function takeDown() {
  if (!existsSync(STATE)) return;
  for (const { state } of NODES) for (const name of ['kube-proxy', 'kubelet']) await endProcess(state, name);
  for (const node of NODES) await removeContainers(node);
  for (const name of CONTROL_PLANE) await endProcess(STATE, name);
  for (const { state } of NODES) await endProcess(state, 'containerd');
  for (const { cgroupRoot, state } of NODES) {
    await endAll([...processesIn(cgroupRoot), ...shimsOf(state)]);
    await unmountBelow(state);
    removeCgroups(cgroupRoot);
  }
  await removeNetworks();
  restoreSettings();
  removeLogLinks();
  rmSync(STATE, { recursive: true, force: true });
}

/** By the ids in our own container runtime only. @param {import('./layout.mjs').Node} node */
async function removeContainers(node) {
  if (runningPid(node.state, 'containerd') === null) return;
  for (const kind of ['tasks', 'containers']) {
    const { output } = await containers(node, [kind, 'list', '-q']);
    const ids = output.split('\n').filter((id) => id !== '');
    for (const id of ids) await containers(node, [kind, 'delete', ...(kind === 'tasks' ? ['-f'] : []), id]);
  }
}

/** What stands between our container runtime and a container: its command line names our socket. @param {string} state */
function shimsOf(state) {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const words = readCommand(name);
    return words[0]?.endsWith('containerd-shim-runc-v2') && words.includes(join(state, 'containerd.sock'))
      ? [Number(name)]
      : [];
  });
}

/** @param {string} pid */
function readCommand(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** @param {readonly number[]} pids */
async function endAll(pids) {
  const started = new Map(pids.map((pid) => [pid, startTimeOf(pid)]));
  await Promise.all(
    pids.map((pid) => endPid(pid, () => startTimeOf(pid) !== null && startTimeOf(pid) === started.get(pid))),
  );
}

/** @param {string} state */
async function unmountBelow(state) {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${state}/`));
  for (const path of points.sort().reverse()) await run(['umount', '-l', path]);
}

/** The kubelet links every container's log there, whatever it is told. */
function removeLogLinks() {
  const folder = '/var/log/containers';
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(`${STATE}/`)) unlinkSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
