/** Where variants stand, as a scenario writes it. */
import { z } from 'zod';
import { duration, list, mapping, oneOf, text } from './fields.js';

/** Quantities as Kubernetes writes them: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const CPU = /^(\d+m|\d+(\.\d{1,3})?)$/;
const MEMORY = /^\d+(Ki|Mi|Gi)$/;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const LABEL_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const matching = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error });
const nodeLabels = z.record(z.string(), z.string({ error: 'must be text; put it in quotes' }), {
  error: 'must be a mapping of node labels such as `{pool: bench}`',
});

export const clusterSchema = mapping(
  {
    provider: oneOf(['local', 'kubernetes'])
      .default('local')
      .describe(
        'Where variants stand: `local` is processes on this machine, `kubernetes` pods on the cluster that the kubeconfig leads to.',
      ),
    keepAwake: oneOf(['auto', 'always', 'never'])
      .default('auto')
      .describe(
        'Whether an idle-priority loop keeps the cores from halting; `auto` does so on virtual machines, where halting and waking a core is slow and noisy. Only on `local`.',
      ),
    context: text(253).optional().describe('Context of the kubeconfig; its current one where not given.'),
    kubeconfig: text(4096).optional().describe('The kubeconfig; what kubectl would take where not given.'),
    namespace: matching(LABEL_NAME, 'must be the name of a namespace')
      .optional()
      .describe('A namespace that is there already, for all variants; else each has one of its own.'),
    image: text(512).optional().describe('The image of meshmark’s programs: `meshmark images save`.'),
    imagePullPolicy: oneOf(['Always', 'IfNotPresent', 'Never'])
      .default('IfNotPresent')
      .describe('When nodes pull it.'),
    pullSecrets: list(matching(LABEL_NAME, 'must be the name of a secret'), 8, '[registry]', 0)
      .default([])
      .describe('Secrets that nodes pull it with; they must be in `cluster.namespace`.'),
    clientNodes: nodeLabels.default({}).describe('Labels of the nodes that clients may be on.'),
    serviceNodes: nodeLabels
      .default({})
      .describe('Labels of the nodes that everything behind them may be on.'),
    cpuRequest: matching(CPU, 'must be CPU as Kubernetes writes it, such as `100m` or `2`')
      .default('10m')
      .describe(
        'CPU set aside for each container. There is no limit: what is held up by one is not measured.',
      ),
    memoryLimit: matching(MEMORY, 'must be memory as Kubernetes writes it, such as `256Mi`')
      .default('256Mi')
      .describe('Memory set aside for each container, and the most it may have.'),
    allowPrivileged: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .describe(
        'Whether variants with eBPF programs may have pods that reach into their node’s kernel (BPF, NET_ADMIN, the node’s cgroups); `--allow-privileged` is needed as well.',
      ),
    startTimeout: duration(1000, 3_600_000, 'a duration from 1s to 1h')
      .default(120_000)
      .describe('How long a pod may take to start, the pull of its image included.'),
  },
  '{provider: local}',
);

/** Keys that say something of `kubernetes` only. */
export const KUBERNETES_FIELDS = [
  'context',
  'kubeconfig',
  'namespace',
  'image',
  'imagePullPolicy',
  'pullSecrets',
  'clientNodes',
  'serviceNodes',
  'cpuRequest',
  'memoryLimit',
  'allowPrivileged',
  'startTimeout',
] as const;
