/** The control plane of the test cluster: etcd, the API server, the controllers and the scheduler, on the first node. */
import { join } from 'node:path';
import { NODES, PKI, SERVICES, STATE } from './layout.mjs';
import { startProcess } from './processes.mjs';

const ETCD = 'http://127.0.0.1:23790';
const ETCD_PEERS = 'http://127.0.0.1:23800';

/** @param {string} name */
const pki = (name) => join(PKI, name);

/** @param {string} kubernetes path of the binary */
export function startStore(kubernetes) {
  startProcess(STATE, 'etcd', [
    kubernetes,
    'etcd',
    '--name=e',
    `--data-dir=${join(STATE, 'etcd')}`,
    // What a test cluster holds is not worth waiting for a disk.
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    `--listen-peer-urls=${ETCD_PEERS}`,
    `--initial-advertise-peer-urls=${ETCD_PEERS}`,
    `--initial-cluster=e=${ETCD_PEERS}`,
  ]);
}

/** @param {string} kubernetes path of the binary */
export function startApiServer(kubernetes) {
  const [{ address }] = NODES;
  startProcess(STATE, 'kube-apiserver', [
    kubernetes,
    'kube-apiserver',
    `--etcd-servers=${ETCD}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    '--secure-port=6443',
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${pki('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-cluster-ip-range=${SERVICES}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--profiling=false',
  ]);
}

/** @param {string} kubernetes path of the binary */
export function startControllers(kubernetes) {
  startProcess(STATE, 'kube-controller-manager', [
    kubernetes,
    'kube-controller-manager',
    `--kubeconfig=${pki('controller-manager.conf')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    '--use-service-account-credentials',
    // The usual limit delays a namespace's service account by seconds.
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
  ]);
  startProcess(STATE, 'kube-scheduler', [
    kubernetes,
    'kube-scheduler',
    `--kubeconfig=${pki('scheduler.conf')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ]);
}

/** Names of the control plane's programs, in the order in which they are ended. */
export const CONTROL_PLANE = ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];
