/** What pods need where a variant has eBPF programs: an agent beside each end of the path, and the sidecar that forwards in the kernel. */
import type { VariantSpec } from '../../variants/index.js';
import { agentDutiesOf, dutyArguments } from '../kernel-agent.js';
import { type ContainerPlan, PORTS, PROGRAM } from './pod-container.js';

/** Where such containers have their node's cgroups. */
export const NODE_CGROUPS = '/node-cgroup';
/** How the data plane is told that it is its own pod's cgroup below them: programs there see all of the pod's containers. */
export const POD_CGROUP = `pod:${NODE_CGROUPS}`;
/** The pod's own address, which Kubernetes puts there when it starts the container. */
const POD_ADDRESS = '$(POD_IP)';
/** Each pod has a loopback of its own, so that these need not differ between pods. */
const VIRTUAL = '127.77.0.1:7443';
const FORBIDDEN = '127.77.0.1:7444';
/** Where connections from outside the pod are carried on to the virtual address. */
const RELAY_PORT = 9710;

/** What of a client's pod is not as it is without programs in the kernel. */
export interface ClientInKernel {
  readonly containers: readonly ContainerPlan[];
  /** What the client talks to in place of its sidecar or the next step; null for no other than that. */
  readonly entry: string | null;
  /** What the policy forbids; null where there is none. */
  readonly forbidden: string | null;
  /** Carries connections from outside the pod the client's way; null where they go it anyway. */
  readonly relay: { readonly port: number; readonly to: string } | null;
}

/** Whether a variant's pods need what only the node's administrator may give. */
export function reachesIntoKernel({ needs }: Pick<VariantSpec, 'needs'>): boolean {
  return needs.some((need) => need.startsWith('kernel:'));
}

/** Nothing in the kernel, and the harness asks from the client's pod, where something else leads what goes out. */
export function askingThrough(next: string): ClientInKernel {
  return { containers: [], entry: null, forbidden: null, relay: { port: RELAY_PORT, to: next } };
}

/** The client's end. `next` is what the client would talk to without any program. */
export function clientInKernel({ form }: VariantSpec, next: string): ClientInKernel {
  const duties = agentDutiesOf(form);
  if (duties === null) return { containers: [], entry: null, forbidden: null, relay: null };
  const redirected = form.type === 'zero-sidecar' && duties.connect;
  const forbidden = duties.policy ? FORBIDDEN : null;
  return {
    containers: [
      agent([
        ...dutyArguments(duties),
        ...['--endpoint', `${form.type === 'zero-sidecar' ? 'service' : 'outbound'}=${next}`],
        ...(redirected ? ['--virtual', `${VIRTUAL}=${next}`] : []),
        ...(forbidden === null ? [] : ['--virtual', `${forbidden}=${next}`, '--deny', forbidden]),
      ]),
    ],
    entry: redirected ? VIRTUAL : null,
    forbidden,
    relay: redirected ? { port: RELAY_PORT, to: VIRTUAL } : null,
  };
}

/** The service's end, where a sidecar rides with it: the hop between the two is what its agent is for, and who comes in. */
export function serviceInKernel({ form }: VariantSpec): readonly ContainerPlan[] {
  const duties = agentDutiesOf(form);
  if (duties === null || form.type !== 'sidecar') return [];
  return [
    agent([
      ...dutyArguments(duties),
      ...['--endpoint', `service=127.0.0.1:${PORTS.service.listen}`],
      ...(duties.policy ? ['--endpoint', `inbound=${POD_ADDRESS}:${PORTS.proxy.listen}`] : []),
    ]),
  ];
}

function agent(argv: readonly string[]): ContainerPlan {
  return {
    role: 'kernel',
    argv: [
      ...[PROGRAM, 'kernel', '--admin', `127.0.0.1:${PORTS.kernelAdmin}`],
      ...['--client-cgroup', POD_CGROUP, '--mesh-cgroup', POD_CGROUP],
      ...argv,
    ],
    env: {},
    port: null,
    adminPort: PORTS.kernelAdmin,
    reached: false,
    sidecar: true,
    inKernel: true,
  };
}
