/** Pods that ask the cluster's mesh for a proxy, and the Service by which it knows where traffic goes. */
import type { V1Pod, V1Service } from '@kubernetes/client-node';
import type { VariantSpec, WorkloadProtocol } from '../../variants/index.js';
import { labelsOf } from './names.js';
import { PORTS } from './pod-container.js';

export interface InjectedPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Role of what is put in; null where nothing may be. */
  readonly role: string | null;
  /** Containers that must then be there. */
  readonly containers: readonly string[];
}

/** By this a Service finds the one pod that it is for. */
const POD_LABEL = 'meshmark.dev/pod';

/** What is asked for a pod of that side; nothing for variants whose proxies are not the cluster's. */
export function injectedInto(
  { form }: VariantSpec,
  side: 'client' | 'service',
): { readonly injected?: InjectedPod } {
  if (form.type !== 'injected') return {};
  const { podLabels, podAnnotations, containers, sides } = form.settings;
  const wanted = sides.includes(side) && containers.length > 0;
  return {
    injected: {
      labels: podLabels,
      annotations: podAnnotations,
      role: wanted ? (side === 'client' ? 'outbound' : 'inbound') : null,
      containers: wanted ? containers : [],
    },
  };
}

/** Labels of a pod that a Service is for. */
export function serviceLabels(pod: string): Record<string, string> {
  return { [POD_LABEL]: pod };
}

/** The Service of one pod. Meshes tell the protocol from the port's name (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/). */
export function serviceManifest(
  run: string,
  variant: string,
  pod: string,
  protocol: WorkloadProtocol,
): V1Service {
  const name = { http1: 'http', h2: 'http2', h3: 'quic', grpc: 'grpc', raw: 'tcp', tcp: 'tcp' }[protocol];
  const { listen } = PORTS.service;
  return {
    metadata: { name: pod, labels: labelsOf(run, variant) },
    spec: { selector: serviceLabels(pod), ports: [{ name, port: listen, targetPort: listen }] },
  };
}

/** Why what was put into a pod is not what was to be; null when it is. */
export function notAsInjected(
  pod: V1Pod,
  { containers, role }: InjectedPod,
  own: readonly string[],
): string | null {
  const { initContainers = [], containers: plain = [] } = pod.spec ?? {};
  const running = [...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'), ...plain];
  const others = running.map(({ name }) => name).filter((name) => !own.includes(name));
  const has = others.length === 0 ? 'nothing was put into it' : `it has ${others.join(', ')}`;
  const missing = containers.filter((name) => !others.includes(name));
  if (missing.length > 0)
    return `no container ${missing.join(', ')} was put into it (${has}): nobody in the cluster heeds its labels and annotations, or its namespace’s`;
  if (role === null && others.length > 0) return `no container may be put into it, and ${has}`;
  return null;
}
