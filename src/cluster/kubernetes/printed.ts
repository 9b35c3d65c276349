/** What a run would make in a cluster, for reading: its objects with what is only known later left open. */
import type {
  KubernetesObject,
  V1Namespace,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
} from '@kubernetes/client-node';
import type { VariantSpec } from '../../variants/index.js';
import type { ServiceSpec } from '../cluster.js';
import { homeFor } from './home.js';
import { agentsManifest } from './load-agents.js';
import {
  namespaceManifest,
  type PodSettings,
  podManifest,
  quotaManifest,
  secretManifest,
} from './manifests.js';
import { identifiedRoles, needsPolicyServer, type PodPlan, podsOf, policyPod } from './pod-plan.js';

/** In place of what is drawn or made for each run. */
const RUN = 'printed';
const MADE_LATER = 'made-for-each-run';

export interface PrintOptions extends PodSettings {
  readonly namespace: string | null;
  readonly longestMs: number;
  readonly policyLatencyMs: number;
  readonly agents: number;
}

/** The objects of the variants, in the order in which they are made. Secrets and addresses of pods are stood in for by words. */
export function printedManifests(
  variants: readonly { readonly variant: VariantSpec; readonly service: ServiceSpec }[],
  options: PrintOptions,
  now: Date,
): KubernetesObject[] {
  const until = new Date(now.getTime() + options.longestMs);
  return variants.flatMap(({ variant, service }, place): KubernetesObject[] => {
    const home = homeFor(RUN, variant, place, options.namespace);
    const { namespace, secret } = home;
    const own: (V1Namespace | V1ResourceQuota)[] = home.own
      ? [
          {
            apiVersion: 'v1',
            kind: 'Namespace',
            ...namespaceManifest(RUN, variant.id, namespace, until, home.inKernel, home.asks),
          },
          inNamespace(
            { apiVersion: 'v1', kind: 'ResourceQuota', ...quotaManifest(RUN, variant.id, options.agents) },
            namespace,
          ),
        ]
      : [];
    const secrets: V1Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      ...secretManifest(RUN, variant.id, secret, secretsOf(variant), until),
    };
    const objectOf = (plan: PodPlan): KubernetesObject => {
      const identity = {
        run: RUN,
        variant: variant.id,
        namespace,
        name: nameOf(place, plan.name),
        secret,
        longestSeconds: Math.ceil(options.longestMs / 1000),
        nativeSidecars: true,
        everyNamespace: home.own,
        node: null,
      };
      if (plan.side === 'client' && options.agents > 1) {
        return agentsManifest(plan, identity, options, options.agents);
      }
      const pod: V1Pod = podManifest(plan, identity, options);
      return { apiVersion: 'v1', kind: 'Pod', ...pod };
    };
    const policy = needsPolicyServer(variant) ? policyPod(options.policyLatencyMs) : null;
    const policyServer = policy === null ? null : addressOf(place, policy);
    const plans: PodPlan[] = policy === null ? [] : [policy];
    let upstream = '';
    for (const pod of podsOf(variant, service)) {
      const plan = pod.plan({ policyServer, upstream });
      plans.push(plan);
      upstream = addressOf(place, plan);
    }
    return [...own, inNamespace(secrets, namespace), ...plans.map(objectOf)];
  });
}

function nameOf(place: number, pod: string): string {
  return `mm-${RUN}-${place}-g1-${pod}`;
}

/** A pod's address is only known when it has one. */
function addressOf(place: number, { name, port }: PodPlan): string {
  return `address-of-${nameOf(place, name)}:${port}`;
}

function secretsOf(variant: VariantSpec): Record<string, string> {
  const names = [
    ...['token', 'rules.json'],
    ...identifiedRoles(variant).flatMap(({ role }) => [`${role}.crt`, `${role}.key`, 'ca.crt']),
  ];
  return Object.fromEntries(names.map((name) => [name, MADE_LATER]));
}

function inNamespace<Made extends KubernetesObject>(made: Made, namespace: string): Made {
  return { ...made, metadata: { ...made.metadata, namespace } };
}
