/** Which pods a variant stands of: who shares a pod with whom, and on which ports. */
import type { ProxySpec, VariantSpec } from '../../variants/index.js';
import {
  asksServer,
  policyArguments,
  proxyArguments,
  proxyEnvironment,
  serviceArguments,
} from '../arguments.js';
import type { ServiceSpec } from '../cluster.js';
import { asksForIdentity, customContainer } from './custom-pod.js';
import { foreignContainer } from './foreign-pod.js';
import { type InjectedPod, injectedInto } from './injected-pod.js';
import {
  askingThrough,
  type ClientInKernel,
  clientInKernel,
  POD_CGROUP,
  serviceInKernel,
} from './kernel-pod.js';
import type { Side } from './names.js';
import {
  ANYWHERE,
  type ContainerPlan,
  GENERATOR,
  identityIn,
  isSecured,
  LOOPBACK,
  PORTS,
  PROGRAM,
  SECRETS,
} from './pod-container.js';

/** Node.js and the sidecar for it in the image (`meshmark images save --with node`). */
export const NODE_SIDECAR = ['/node', '/node-sidecar/main.js'] as const;

export interface PodPlan {
  readonly side: Side;
  /** Tells the pods of a variant apart. */
  readonly name: string;
  readonly containers: readonly ContainerPlan[];
  /** Port that whoever is before it in the path is told; null for the client's own pod. */
  readonly port: number | null;
  /** What eBPF programs change for a client; absent for all other pods. */
  readonly client?: Omit<ClientInKernel, 'containers'>;
  /** What somebody else puts into it; absent where nobody is asked to. */
  readonly injected?: InjectedPod;
}

/** What pods are told that stand before others: `host:port` of the policy server and of the next step. */
export interface Behind {
  readonly policyServer: string | null;
  readonly upstream: string;
}

/** A pod that is still to be told what stands behind it. */
export interface PlannedPod {
  readonly side: Side;
  readonly name: string;
  plan(behind: Behind): PodPlan;
}

/** Roles that prove who they are. */
export function identifiedRoles({ form }: VariantSpec): { role: string; key: 'ecdsa' | 'rsa' }[] {
  switch (form.type) {
    case 'sidecar':
    case 'foreign':
      return form.proxies.filter(isSecured).map(({ role }) => ({ role, key: form.options.tls.key }));
    case 'custom':
      return asksForIdentity(form) ? form.roles.map((role) => ({ role, key: 'ecdsa' })) : [];
    case 'direct':
    case 'zero-sidecar':
    case 'injected':
    case 'node':
      return [];
  }
}

/** Whether a policy server stands beside the path. */
export function needsPolicyServer({ form }: VariantSpec): boolean {
  return form.type === 'sidecar' && form.proxies.some(({ policy }) => asksServer(policy));
}

/** The policy server's own pod, whose rules are the secret's `rules.json`. */
export function policyPod(latencyMs: number): PodPlan {
  const { listen, admin } = PORTS.policy;
  const seat = { program: PROGRAM, listen: `${ANYWHERE}:${listen}`, admin: `${LOOPBACK}:${admin}` };
  const argv = policyArguments(`${SECRETS}/rules.json`, latencyMs, seat);
  return {
    side: 'control',
    name: 'policy',
    containers: [
      { role: 'policy', argv, env: {}, port: listen, adminPort: admin, reached: true, sidecar: false },
    ],
    port: listen,
  };
}

/** A proxy of the path that is still to be told where it listens and what stands behind it. */
interface Step {
  readonly role: string;
  container(host: string, behind: Behind): ContainerPlan;
}

/** The proxies in the order that a request passes them. */
function stepsOf({ form }: VariantSpec, device: string | null): readonly Step[] {
  switch (form.type) {
    case 'direct':
    case 'zero-sidecar':
    case 'injected':
      return [];
    case 'sidecar':
    case 'node':
      return form.proxies.map((proxy) => ({
        role: proxy.role,
        container: (host, behind) => ownContainer(form, proxy, host, behind),
      }));
    case 'foreign':
      return form.proxies.map(({ role }, index) => ({
        role,
        container: (host, { upstream }) => foreignContainer(form, index, host, upstream, device),
      }));
    case 'custom':
      return form.roles.map((role) => ({
        role,
        container: (host, { upstream }) => customContainer(form, role, host, upstream),
      }));
  }
}

function ownContainer(
  form: Extract<VariantSpec['form'], { type: 'sidecar' | 'node' }>,
  proxy: ProxySpec,
  host: string,
  { upstream, policyServer }: Behind,
): ContainerPlan {
  const { listen, admin } = PORTS.proxy;
  const seat = {
    program: PROGRAM,
    node: NODE_SIDECAR,
    listen: `${host}:${listen}`,
    admin: `${LOOPBACK}:${admin}`,
  };
  const identity = isSecured(proxy) ? identityIn(proxy.role) : null;
  return {
    role: proxy.role,
    argv: proxyArguments(form, proxy, { seat, upstream, identity, policyServer, cgroup: POD_CGROUP }),
    env: proxyEnvironment(form),
    port: listen,
    adminPort: admin,
    // Over QUIC nobody connects by TCP.
    reached: host === ANYWHERE && proxy.listen.protocol !== 'h3',
    sidecar: true,
    ...(form.options.forwarding === 'sockmap' ? { inKernel: true } : {}),
  };
}

/**
 * The pods of the path from its end to its beginning, as a mesh has them: the last proxy rides with the service, the first
 * with the client, and a proxy between them has a pod of its own. `device` is the resource of the accelerator, for variants
 * that have one.
 */
export function podsOf(
  variant: VariantSpec,
  service: ServiceSpec,
  device: string | null = null,
): PlannedPod[] {
  const { form } = variant;
  const steps = stepsOf(variant, device);
  const [first] = steps;
  const last = steps.length > 1 ? steps.at(-1) : undefined;
  const middle = steps.slice(1, -1);
  const servicePod: PlannedPod = {
    side: 'service',
    name: 'service',
    plan: (behind) => {
      const { listen, admin } = PORTS.service;
      const host = last === undefined ? ANYWHERE : LOOPBACK;
      const seat = { program: PROGRAM, listen: `${host}:${listen}`, admin: `${LOOPBACK}:${admin}` };
      const own: ContainerPlan = {
        role: 'service',
        argv: serviceArguments(service, seat, null),
        env: {},
        port: listen,
        adminPort: admin,
        // Where connections are counted on their way, a probe's would be one that took another.
        reached: last === undefined && !['zero-sidecar', 'injected'].includes(form.type),
        sidecar: false,
      };
      const beside = { ...behind, upstream: `${LOOPBACK}:${listen}` };
      return {
        side: 'service',
        name: 'service',
        containers: [
          own,
          ...(last === undefined ? [] : [...serviceInKernel(variant), last.container(ANYWHERE, beside)]),
        ],
        port: last === undefined ? listen : PORTS.proxy.listen,
        ...injectedInto(variant, 'service'),
      };
    },
  };
  const between = middle.reverse().map(
    ({ role, container }): PlannedPod => ({
      side: 'middle',
      name: role,
      plan: (behind) => ({
        side: 'middle',
        name: role,
        containers: [{ ...container(ANYWHERE, behind), sidecar: false }],
        port: PORTS.proxy.listen,
      }),
    }),
  );
  const clientPod: PlannedPod = {
    side: 'client',
    name: 'client',
    plan: (behind) => {
      const next = first === undefined ? behind.upstream : `${LOOPBACK}:${PORTS.proxy.listen}`;
      const { containers, ...client } =
        form.type === 'injected' ? askingThrough(next) : clientInKernel(variant, next);
      return {
        side: 'client',
        name: 'client',
        containers: [
          {
            role: GENERATOR,
            argv: [PROGRAM, 'loadgen', '--serve', `${LOOPBACK}:${PORTS.generator}`],
            env: {},
            port: null,
            adminPort: null,
            reached: false,
            sidecar: false,
          },
          ...containers,
          ...(first === undefined ? [] : [first.container(LOOPBACK, behind)]),
        ],
        port: null,
        client,
        ...injectedInto(variant, 'client'),
      };
    },
  };
  return [servicePod, ...between, clientPod];
}
