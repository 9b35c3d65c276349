/** Where everything of the test cluster is: folders, addresses and names. One cluster stands on a machine at a time. */
import { join } from 'node:path';

/** Short, since a socket's path may have 107 characters. */
export const STATE = process.env.MESHMARK_TEST_CLUSTER || '/var/lib/meshmark-test-cluster';

export const SERVICES = '10.96.0.0/16';
export const KUBERNETES_SERVICE = '10.96.0.1';
export const PODS = '10.244.0.0/16';
/** A bridge without ports that carries the first node's address and the route to services. */
export const BRIDGE = 'mmkube0';
export const NETNS = 'meshmark-node2';
export const VETH = 'mmkube2';
/** The first node's end of the link to the second. */
export const GATEWAY = '10.99.1.1';

/**
 * @typedef {object} Node
 * @property {string} name
 * @property {string} address
 * @property {string} pods addresses of its pods
 * @property {string} bridge that its pods are on
 * @property {string} state its folder
 * @property {string} cgroupRoot below which its pods are; the nodes would end each other's in a shared one
 * @property {readonly string[]} enter what a command of its network begins with
 */

/** @type {readonly [Node, Node]} */
export const NODES = [
  {
    name: 'node1',
    address: '10.99.0.1',
    pods: '10.244.0.0/24',
    bridge: 'mmpods0',
    state: join(STATE, 'node1'),
    cgroupRoot: '/meshmark-node1',
    enter: [],
  },
  {
    name: 'node2',
    address: '10.99.1.2',
    pods: '10.244.1.0/24',
    bridge: 'mmpods1',
    state: join(STATE, 'node2'),
    cgroupRoot: '/meshmark-node2',
    // Not `ip netns exec`, which mounts /sys anew and hides the cgroups.
    enter: ['nsenter', `--net=/run/netns/${NETNS}`],
  },
];

export const PKI = join(STATE, 'pki');
export const KUBECONFIG = join(PKI, 'admin.conf');
