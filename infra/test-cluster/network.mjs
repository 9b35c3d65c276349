/** Links, routes, namespaces and kernel settings of the test cluster, and their removal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupFault } from '../setup/steps.mjs';
import { BRIDGE, GATEWAY, NETNS, NODES, SERVICES, STATE, VETH } from './layout.mjs';

/**
 * Settings that Kubernetes changes for the whole machine. They are kept when the cluster comes up and put back when it goes.
 */
const SETTINGS = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/route_localnet',
  'net/ipv6/conf/all/forwarding',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
  'net/netfilter/nf_conntrack_max',
  'net/netfilter/nf_conntrack_tcp_be_liberal',
  'net/netfilter/nf_conntrack_tcp_timeout_close_wait',
  'net/netfilter/nf_conntrack_tcp_timeout_established',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Runs a command that must succeed. @param {...string} argv */
async function must(...argv) {
  const { code, output } = await run(argv);
  if (code === 0) return output;
  throw new SetupFault(`\`${argv.join(' ')}\` failed`, {
    mend: 'the test cluster needs root on Linux',
    output,
  });
}

/** Runs a command whose failure means that there was nothing to do. @param {...string} argv */
async function may(...argv) {
  return run(argv);
}

/** Why the machine's network cannot have the cluster beside what it has; null when it can. @returns {Promise<string | null>} */
export async function networkConflict() {
  const { output } = await run(['ip', '-o', 'route']);
  const [first, second] = NODES.map(({ address }) => address.slice(0, address.lastIndexOf('.')));
  const taken = output
    .split('\n')
    .find((line) => [`${first}.`, `${second}.`, '10.96.', '10.244.'].some((start) => line.startsWith(start)));
  return taken === undefined
    ? null
    : `this machine already has a route to addresses of the test cluster: ${taken}`;
}

export function keepSettings() {
  const values = SETTINGS.flatMap((name) => {
    const path = join('/proc/sys', name);
    return existsSync(path) ? [[name, readFileSync(path, 'utf8').trim()]] : [];
  });
  writeFileSync(join(STATE, 'settings.json'), JSON.stringify(Object.fromEntries(values)));
}

/** Puts back what `keepSettings` kept. */
export function restoreSettings() {
  const kept = join(STATE, 'settings.json');
  if (!existsSync(kept)) return;
  const values = /** @type {Record<string, string>} */ (JSON.parse(readFileSync(kept, 'utf8')));
  for (const [name, value] of Object.entries(values)) {
    const path = join('/proc/sys', name);
    if (existsSync(path) && readFileSync(path, 'utf8').trim() !== value) writeSetting(path, value);
  }
}

/** @param {string} path @param {string} value */
function writeSetting(path, value) {
  try {
    writeFileSync(path, value);
  } catch {
    // Read-only in this container; then nothing could have changed it either.
  }
}

/** The first node's address, on a bridge of its own, and the way to services. */
export async function makeFirstNetwork() {
  await must('ip', 'link', 'add', BRIDGE, 'type', 'bridge');
  await must('ip', 'address', 'add', `${NODES[0].address}/32`, 'dev', BRIDGE);
  await must('ip', 'link', 'set', BRIDGE, 'up');
  await must('ip', 'route', 'replace', SERVICES, 'dev', BRIDGE);
  writeSetting('/proc/sys/net/ipv4/ip_forward', '1');
  const filtered = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  if (existsSync(filtered)) writeSetting(filtered, '1');
}

/** The second node's namespace and the link to it. */
export async function makeSecondNetwork() {
  const [, { address, pods, enter }] = NODES;
  const inside = (/** @type {string[]} */ ...argv) => must(...enter, ...argv);
  await must('ip', 'netns', 'add', NETNS);
  await must('ip', 'link', 'add', VETH, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', NETNS);
  await must('ip', 'address', 'add', `${GATEWAY}/24`, 'dev', VETH);
  await must('ip', 'link', 'set', VETH, 'up');
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
  await inside('ip', 'link', 'set', 'eth0', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', GATEWAY);
  await inside('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  await inside(
    'sh',
    '-c',
    'f=/proc/sys/net/bridge/bridge-nf-call-iptables; if [ -e $f ]; then echo 1 > $f; fi',
  );
  await must('ip', 'route', 'add', pods, 'via', address);
}

/** Removes every link, namespace and rule of the cluster's, whether or not it is there. */
export async function removeNetworks() {
  for (const family of ['ip', 'ip6']) await may('nft', 'delete', 'table', family, 'kube-proxy');
  await may('ip', 'netns', 'delete', NETNS);
  for (const link of [VETH, BRIDGE, ...NODES.map(({ bridge }) => bridge)])
    await may('ip', 'link', 'delete', link);
  for (const namespace of await podNamespaces()) await may('ip', 'netns', 'delete', namespace);
}

/** Network namespaces that the container runtime made for pods and could not remove. @returns {Promise<string[]>} */
async function podNamespaces() {
  const { output } = await run(['ip', 'netns', 'list']);
  const kept = join(STATE, 'namespaces.json');
  const before = existsSync(kept) ? /** @type {string[]} */ (JSON.parse(readFileSync(kept, 'utf8'))) : [];
  return namesIn(output).filter((name) => name.startsWith('cni-') && !before.includes(name));
}

/** Remembers the pod namespaces that were there before us, which are somebody else's. */
export async function keepNamespaces() {
  const { output } = await run(['ip', 'netns', 'list']);
  writeFileSync(join(STATE, 'namespaces.json'), JSON.stringify(namesIn(output)));
}

/** @param {string} output */
function namesIn(output) {
  return output.split('\n').flatMap((line) => line.trim().split(' ')[0] || []);
}
