/** Our objects as the API server takes them. */
import type {
  V1Container,
  V1Namespace,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { serviceLabels } from './injected-pod.js';
import { NODE_CGROUPS } from './kernel-pod.js';
import { labelsOf, RUN_LABEL, SIDE_LABEL, UNTIL } from './names.js';
import { type ContainerPlan, FOLDER, GENERATOR, PORTS, PROGRAM, SECRETS } from './pod-container.js';
import type { PodPlan } from './pod-plan.js';

/** What the user says of every pod. */
export interface PodSettings {
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly pullSecrets: readonly string[];
  /** Labels of nodes that the client's pods, and all others, may be on; empty for any. */
  readonly clientNodes: Readonly<Record<string, string>>;
  readonly serviceNodes: Readonly<Record<string, string>>;
  /** Of each container: what is set aside for it, and the most memory that it may have. */
  readonly cpuRequest: string;
  readonly memoryLimit: string;
}

export interface PodIdentity {
  readonly run: string;
  readonly variant: string;
  readonly namespace: string;
  readonly name: string;
  readonly secret: string;
  /** After so long a pod ends by itself, if nobody was left to remove it. */
  readonly longestSeconds: number;
  /** Whether the server knows containers that ride beside a pod's own (Kubernetes 1.29 and later). */
  readonly nativeSidecars: boolean;
  /** Whether the run's variants have namespaces of their own. */
  readonly everyNamespace: boolean;
  /** The node that the pod's side was on before, so that all of a run is measured on the same; null for the first. */
  readonly node: string | null;
}

/** Unprivileged, as the images are made for. */
const USER = 65534;
/** Loading programs, and attaching those that concern networks (capabilities(7)). */
const KERNEL_CAPABILITIES = ['BPF', 'NET_ADMIN', 'PERFMON'] as const;
/** What it takes to read the environment of processes of other users, and of those with capabilities. */
const SEE_ALL = ['SYS_PTRACE', 'DAC_READ_SEARCH'] as const;
const CGROUPS = 'node-cgroups';
/** Processes end on SIGTERM within milliseconds. */
const GRACE_SECONDS = 2;
/** Of a variant, besides those that make its load. */
const LARGEST_QUOTA_PODS = 12;
/** What proxies may write, such as access logs, before the node ends their pod rather than run out of disk. */
const FOLDER_LIMIT = '2Gi';
/** A container that does not listen for so long has not started. */
const START_PROBES = 30;

/** What a namespace says by which a mesh knows that it is asked for. */
export interface NamespaceWords {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A namespace of ours; one whose pods reach into the node's kernel admits such. */
export function namespaceManifest(
  run: string,
  variant: string,
  name: string,
  until: Date,
  inKernel: boolean,
  asks: NamespaceWords,
): V1Namespace {
  return {
    metadata: {
      name,
      annotations: { ...asks.annotations, [UNTIL]: until.toISOString() },
      labels: {
        // https://kubernetes.io/docs/concepts/security/pod-security-standards/
        'pod-security.kubernetes.io/enforce': inKernel ? 'privileged' : 'restricted',
        ...asks.labels,
        ...labelsOf(run, variant),
      },
    },
  };
}

/** Nothing that goes wrong in a run may take more of the cluster than its pods. */
export function quotaManifest(run: string, variant: string, agents: number): V1ResourceQuota {
  return {
    metadata: { name: 'meshmark', labels: labelsOf(run, variant) },
    spec: {
      hard: {
        pods: String(LARGEST_QUOTA_PODS + agents),
        persistentvolumeclaims: '0',
        'services.loadbalancers': '0',
        'services.nodeports': '0',
      },
    },
  };
}

export function secretManifest(
  run: string,
  variant: string,
  name: string,
  stringData: Readonly<Record<string, string>>,
  until: Date,
): V1Secret {
  return {
    metadata: { name, labels: labelsOf(run, variant), annotations: { [UNTIL]: until.toISOString() } },
    stringData: { ...stringData },
  };
}

/** One pod with its agent beside it. */
export function podManifest(pod: PodPlan, identity: PodIdentity, settings: PodSettings): V1Pod {
  const { run, variant, namespace, name, secret, longestSeconds, nativeSidecars } = identity;
  const labels = { ...labelsOf(run, variant), [SIDE_LABEL]: pod.side };
  const { injected } = pod;
  const inKernel = pod.containers.some((container) => container.inKernel === true);
  const relay = pod.client?.relay ?? null;
  const agent: ContainerPlan = {
    role: 'agent',
    argv: [
      ...[PROGRAM, 'agent', '--listen', `0.0.0.0:${PORTS.agent}`, '--token-file', `${SECRETS}/token`],
      ...(injected === undefined || injected.role === null ? [] : ['--others', injected.role]),
      ...(relay === null ? [] : ['--relay', `127.0.0.1:${relay.port}=${relay.to}`]),
    ],
    env: {},
    port: PORTS.agent,
    adminPort: null,
    reached: true,
    sidecar: true,
  };
  const all = [...pod.containers, agent].map((container) => ({
    container,
    manifest: containerManifest(container, settings, inKernel),
  }));
  const beside = nativeSidecars ? all.filter(({ container }) => container.sidecar) : [];
  const own = all.filter((one) => !beside.includes(one));
  const nodes = pod.side === 'client' ? settings.clientNodes : settings.serviceNodes;
  return {
    metadata: {
      name,
      namespace,
      labels: { ...injected?.labels, ...(injected === undefined ? {} : serviceLabels(name)), ...labels },
      ...(injected === undefined ? {} : { annotations: { ...injected.annotations } }),
    },
    spec: {
      restartPolicy: 'Never',
      // The agent reads the clocks of the pod's other containers.
      shareProcessNamespace: true,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      activeDeadlineSeconds: longestSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(settings.pullSecrets.length === 0
        ? {}
        : { imagePullSecrets: settings.pullSecrets.map((secretName) => ({ name: secretName })) }),
      ...(Object.keys(nodes).length === 0 ? {} : { nodeSelector: { ...nodes } }),
      affinity: affinityOf(pod.side, identity),
      volumes: [
        { name: 'secrets', secret: { secretName: secret } },
        ...folderVolumes(pod, name),
        ...(inKernel ? [{ name: CGROUPS, hostPath: { path: '/sys/fs/cgroup', type: 'Directory' } }] : []),
      ],
      ...(beside.length === 0
        ? {}
        : { initContainers: beside.map(({ manifest }) => ({ ...manifest, restartPolicy: 'Always' })) }),
      containers: own.map(({ manifest }) => manifest),
    },
  };
}

/** Texts that are for this pod alone, by file name: those of the secret that has its name. */
export function filesOf({ containers }: PodPlan): Readonly<Record<string, string>> {
  return Object.assign({}, ...containers.map(({ folder }) => folder?.files ?? {}));
}

function folderVolumes(pod: PodPlan, name: string): V1Volume[] {
  if (pod.containers.every(({ folder }) => folder === undefined)) return [];
  return [
    { name: 'folder', emptyDir: { sizeLimit: FOLDER_LIMIT } },
    ...(Object.keys(filesOf(pod)).length === 0 ? [] : [{ name: 'files', secret: { secretName: name } }]),
  ];
}

/** The folder itself, and over it the files that nobody may write to. */
function folderMounts({ folder }: ContainerPlan): V1VolumeMount[] {
  if (folder === undefined) return [];
  const file = (name: string, path: string, subPath: string): V1VolumeMount => ({
    name,
    mountPath: `${FOLDER}/${path}`,
    subPath,
    readOnly: true,
  });
  return [
    { name: 'folder', mountPath: FOLDER },
    ...Object.keys(folder.files).map((path) => file('files', path, path)),
    ...Object.entries(folder.secrets).map(([path, key]) => file('secrets', path, key)),
  ];
}

function containerManifest(
  container: ContainerPlan,
  settings: PodSettings,
  besideKernel: boolean,
): V1Container {
  const { role, argv, env, port, reached, sidecar, inKernel, devices = [] } = container;
  const { image, imagePullPolicy, cpuRequest, memoryLimit } = settings;
  const given = Object.fromEntries(devices.map((resource) => [resource, '1']));
  const measured = role !== 'agent' && role !== GENERATOR;
  return {
    name: role,
    image: container.image ?? image,
    imagePullPolicy,
    ...(argv.length === 0 ? {} : { command: [...argv] }),
    env: [
      measured ? { name: 'MESHMARK_ROLE', value: role } : { name: 'MESHMARK_OWN', value: role },
      ...Object.entries(env).map(([name, value]) => ({ name, value })),
      ...(inKernel === true
        ? [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }]
        : []),
    ],
    // No limit of CPU: a container that is held up by one is measured at the limit, not at its work.
    resources: {
      requests: { cpu: cpuRequest, memory: memoryLimit, ...given },
      limits: { memory: memoryLimit, ...given },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      // An image of the user's own may have been made to write where it is.
      readOnlyRootFilesystem: container.image === undefined,
      capabilities: {
        drop: ['ALL'],
        ...(inKernel === true ? { add: [...KERNEL_CAPABILITIES] } : {}),
        ...(besideKernel && role === 'agent' ? { add: [...SEE_ALL] } : {}),
      },
      // Capabilities are those of root only; and the agent sees root's processes as root alone.
      ...(inKernel === true || (besideKernel && role === 'agent')
        ? { runAsNonRoot: false, runAsUser: 0, runAsGroup: 0 }
        : {}),
    },
    volumeMounts: [
      { name: 'secrets', mountPath: SECRETS, readOnly: true },
      ...folderMounts(container),
      ...(inKernel === true ? [{ name: CGROUPS, mountPath: NODE_CGROUPS, readOnly: true }] : []),
    ],
    // Asked only until it has started: a probe that goes on would be traffic beside the measured one. What rides beside it
    // would hold the others up for a second each, and is seen to answer in other ways.
    ...(port === null || !reached || sidecar
      ? {}
      : { startupProbe: { tcpSocket: { port }, periodSeconds: 1, failureThreshold: START_PROBES } }),
  };
}

/** Clients of a run keep together and away from everything behind them, where nodes allow, and later ones are where earlier ones were. */
function affinityOf(
  side: PodPlan['side'],
  { run, everyNamespace, node }: Pick<PodIdentity, 'run' | 'everyNamespace' | 'node'>,
) {
  const near = { matchLabels: { [RUN_LABEL]: run, [SIDE_LABEL]: 'client' } };
  const far = {
    matchLabels: { [RUN_LABEL]: run },
    matchExpressions: [{ key: SIDE_LABEL, operator: 'In', values: ['service', 'middle', 'control'] }],
  };
  const [same, other] = side === 'client' ? [near, far] : [far, near];
  const namespaces = everyNamespace ? { namespaceSelector: {} } : {};
  const term = (labelSelector: typeof near | typeof far) => ({
    weight: 50,
    podAffinityTerm: { labelSelector, ...namespaces, topologyKey: 'kubernetes.io/hostname' },
  });
  const before = (name: string) => ({
    weight: 100,
    preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] },
  });
  return {
    podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term(same)] },
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term(other)] },
    ...(node === null
      ? {}
      : { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [before(node)] } }),
  };
}
