/** A node of the test cluster: a container runtime, the kubelet and the service proxy, in a network of the node's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupFault } from '../setup/steps.mjs';
import { PODS } from './layout.mjs';
import { startProcess } from './processes.mjs';

/** @typedef {import('./layout.mjs').Node} Node */

const CNI_PLUGINS = '/usr/lib/cni';
export const PAUSE_IMAGE = 'meshmark.test/pause:1';
/** Snapshotters and tracers that need what the machine may lack, and complain about it. */
const DISABLED = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.tracing.processor.v1.otlp',
];

/** Writes what the node's programs read. @param {Node} node @param {string} pki */
export function writeNodeFiles(node, pki) {
  const { state } = node;
  for (const folder of ['cni', 'kubelet', 'podlogs', 'volumeplugins']) {
    mkdirSync(join(state, folder), { recursive: true });
  }
  writeFileSync(join(state, 'containerd.toml'), containerdConfig(state));
  writeFileSync(join(state, 'cni', '10-pods.conflist'), JSON.stringify(cniConfig(node)));
  writeFileSync(join(state, 'resolv.conf'), '');
  writeFileSync(join(state, 'kubelet.json'), JSON.stringify(kubeletConfig(node, pki)));
  writeFileSync(join(state, 'proxy.json'), JSON.stringify(proxyConfig(node, pki)));
}

/** Starts the container runtime and waits until it answers. @param {Node} node */
export async function startRuntime(node) {
  startProcess(node.state, 'containerd', [
    ...node.enter,
    'containerd',
    '--config',
    join(node.state, 'containerd.toml'),
  ]);
}

/** Whether the runtime answers. @param {Node} node */
export async function runtimeAnswers(node) {
  return (await containers(node, ['version'])).code === 0;
}

/** Gives the node an image. @param {Node} node @param {string} archive path of an OCI archive */
export async function importImage(node, archive) {
  const { code, output } = await containers(node, ['images', 'import', archive]);
  if (code === 0) return;
  throw new SetupFault(`the node ${node.name} could not take the image of ${archive}`, {
    mend: 'see what containerd says above',
    output,
  });
}

/** Containerd's own client, for the containers of Kubernetes. @param {Node} node @param {readonly string[]} args */
export function containers(node, args) {
  return run(['ctr', '-a', socketOf(node.state), '-n', 'k8s.io', ...args]);
}

/** @param {Node} node @param {string} kubernetes path of the binary @param {string} pki */
export function startKubelet({ name, state, enter, address }, kubernetes, pki) {
  startProcess(state, 'kubelet', [
    ...enter,
    kubernetes,
    'kubelet',
    `--config=${join(state, 'kubelet.json')}`,
    `--kubeconfig=${join(pki, `kubelet-${name}.conf`)}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    `--root-dir=${join(state, 'kubelet')}`,
    `--cert-dir=${join(state, 'kubelet', 'pki')}`,
    `--containerd=${socketOf(state)}`,
    '--containerd-namespace=k8s.io',
    '--housekeeping-interval=1s',
  ]);
  startProcess(state, 'kube-proxy', [
    ...enter,
    kubernetes,
    'kube-proxy',
    `--config=${join(state, 'proxy.json')}`,
  ]);
}

/** Whether the service proxy has led the API server's own service to it. @param {Node} node */
export async function servicesAreReachable({ enter }) {
  const { code, output } = await run([...enter, 'nft', 'list', 'table', 'ip', 'kube-proxy']);
  return code === 0 && output.includes('default/kubernetes/tcp/https');
}

/** @param {string} state */
function socketOf(state) {
  return join(state, 'containerd.sock');
}

/** @param {string} state */
function containerdConfig(state) {
  const quoted = (/** @type {string} */ text) => JSON.stringify(text);
  return `version = 2
root = ${quoted(join(state, 'containerd', 'root'))}
state = ${quoted(join(state, 'containerd', 'state'))}
oom_score = 0
disabled_plugins = [${DISABLED.map(quoted).join(', ')}]
[grpc]
  address = ${quoted(socketOf(state))}
[plugins."io.containerd.internal.v1.opt"]
  path = ${quoted(join(state, 'containerd', 'opt'))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${quoted(PAUSE_IMAGE)}
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${quoted(CNI_PLUGINS)}
    conf_dir = ${quoted(join(state, 'cni'))}
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** @param {Node} node */
function cniConfig({ state, pods, bridge }) {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(state, 'addresses'),
          ranges: [[{ subnet: pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

/** @param {Node} node @param {string} pki */
function kubeletConfig({ name, state, address, cgroupRoot }, pki) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address,
    healthzBindAddress: '127.0.0.1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(pki, `kubelet-${name}.crt`),
    tlsPrivateKeyFile: join(pki, `kubelet-${name}.key`),
    containerRuntimeEndpoint: `unix://${socketOf(state)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    // Else rules are left behind in tables that are not ours.
    makeIPTablesUtilChains: false,
    // A container has no right to lower it.
    oomScoreAdj: 0,
    resolvConf: join(state, 'resolv.conf'),
    podLogsDir: join(state, 'podlogs'),
    volumePluginDir: join(state, 'volumeplugins'),
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    nodeStatusUpdateFrequency: '5s',
  };
}

/** @param {Node} node @param {string} pki */
function proxyConfig({ name, address }, pki) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    bindAddress: address,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    hostnameOverride: name,
    clientConnection: { kubeconfig: join(pki, 'proxy.conf') },
    clusterCIDR: PODS,
    oomScoreAdj: 0,
    conntrack: { maxPerCore: 0, min: 0 },
    nodePortAddresses: [`${address}/32`],
  };
}
