import { describe, expect, it } from 'vitest';
import { type DeclaredVariant, resolveVariant, type VariantSpec } from '../../variants/index.js';
import { podManifest } from './manifests.js';
import { namespaceOf } from './names.js';
import { type PodPlan, podsOf, policyPod } from './pod-plan.js';
import { SERVICE, SETTINGS } from './testing/pods.js';

function variant(
  kind: string,
  roles: readonly ('outbound' | 'gateway' | 'inbound')[],
  more: Partial<DeclaredVariant> = {},
): VariantSpec {
  return resolveVariant(
    { id: kind, kind, options: {}, command: null, ...more },
    { roles, clusterOf: () => '', connections: 4, protocol: 'http1' },
  );
}

/** The pods with addresses as a cluster would give them: 10.0.0.1 to the one that is made first. */
function plansOf(spec: VariantSpec): PodPlan[] {
  let upstream = '';
  return podsOf(spec, SERVICE).map((pod, index) => {
    const plan = pod.plan({ policyServer: '10.0.0.9:8550', upstream });
    upstream = `10.0.0.${index + 1}:${plan.port}`;
    return plan;
  });
}

const told = (plan: PodPlan | undefined, role: string, option: string) => {
  const argv = plan?.containers.find((one) => one.role === role)?.argv ?? [];
  return argv[argv.indexOf(option) + 1];
};

describe('podsOf', () => {
  it('has a service alone, and a client with its generator alone, where there is no mesh', () => {
    const [service, client] = plansOf(variant('direct', ['outbound', 'inbound']));
    expect(service?.containers.map(({ role }) => role)).toEqual(['service']);
    expect(told(service, 'service', '--listen')).toBe('0.0.0.0:8080');
    expect(client?.containers.map(({ role }) => role)).toEqual(['generator']);
  });

  it('has the last sidecar ride with the service and the first with the client, over loopback', () => {
    const [service, client, ...others] = plansOf(variant('plain', ['outbound', 'inbound']));
    expect(others).toEqual([]);
    expect(told(service, 'service', '--listen')).toBe('127.0.0.1:8080');
    expect(told(service, 'inbound', '--upstream')).toBe('127.0.0.1:8080');
    expect(told(service, 'inbound', '--listen')).toBe('0.0.0.0:8443');
    expect(told(client, 'outbound', '--upstream')).toBe('10.0.0.1:8443');
    expect(told(client, 'outbound', '--listen')).toBe('127.0.0.1:8443');
  });

  it('gives a gateway a pod of its own', () => {
    const [, gateway, client] = plansOf(variant('plain', ['outbound', 'gateway', 'inbound']));
    expect(gateway).toMatchObject({ side: 'middle', name: 'gateway' });
    expect(told(gateway, 'gateway', '--upstream')).toBe('10.0.0.1:8443');
    expect(told(client, 'outbound', '--upstream')).toBe('10.0.0.2:8443');
  });

  it('has the only sidecar of a path ride with the client', () => {
    const [service, client] = plansOf(variant('plain', ['outbound']));
    expect(service?.containers.map(({ role }) => role)).toEqual(['service']);
    expect(told(client, 'outbound', '--upstream')).toBe('10.0.0.1:8080');
  });
});

describe('podManifest', () => {
  const settings = { ...SETTINGS, pullSecrets: ['registry'], clientNodes: { pool: 'clients' } };
  const identity = {
    run: 'ab12',
    variant: 'plain',
    namespace: 'n',
    name: 'p',
    secret: 's',
    longestSeconds: 900,
    nativeSidecars: true,
    everyNamespace: true,
    node: null,
  };

  it('keeps to the restricted standard, in every container', () => {
    for (const plan of [...plansOf(variant('plain', ['outbound', 'inbound'])), policyPod(1)]) {
      const { spec } = podManifest(plan, identity, settings);
      expect(spec?.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext } of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('has sidecars ride as such where the server knows them, and beside as others do where not', () => {
    const [service] = plansOf(variant('plain', ['outbound', 'inbound']));
    if (service === undefined) throw new Error('no service');
    const names = (native: boolean) => {
      const { spec } = podManifest(service, { ...identity, nativeSidecars: native }, settings);
      return [spec?.initContainers?.map(({ name }) => name), spec?.containers.map(({ name }) => name)];
    };
    expect(names(true)).toEqual([['inbound', 'agent'], ['service']]);
    expect(names(false)).toEqual([undefined, ['service', 'inbound', 'agent']]);
  });

  it('gives what reaches into the kernel to the container that does so alone, and to its agent what it takes to see it', () => {
    const [service, client] = plansOf(variant('ebpf-sockops', ['outbound', 'inbound']));
    if (service === undefined || client === undefined) throw new Error('no pods');
    for (const plan of [service, client]) {
      const { spec } = podManifest(plan, identity, settings);
      const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
      const added = Object.fromEntries(
        all.map(({ name, securityContext }) => [name, securityContext?.capabilities?.add ?? []]),
      );
      const { kernel, agent, ...others } = added;
      expect(kernel).toEqual(['BPF', 'NET_ADMIN', 'PERFMON']);
      expect(agent).toEqual(['SYS_PTRACE', 'DAC_READ_SEARCH']);
      expect(Object.values(others).flat()).toEqual([]);
      const mounted = all.filter(({ volumeMounts }) =>
        volumeMounts?.some(({ name, readOnly }) => name === 'node-cgroups' && readOnly === true),
      );
      expect(mounted.map(({ name }) => name)).toEqual(['kernel']);
      // The first to start, so that no connection is made before its programs are there.
      expect(spec?.initContainers?.[0]?.name).toBe('kernel');
    }
    expect(told(client, 'kernel', '--endpoint')).toBe('outbound=127.0.0.1:8443');
    expect(told(service, 'kernel', '--endpoint')).toBe('service=127.0.0.1:8080');
  });

  it('leads the client of a variant without sidecars to a virtual address, and whoever asks from outside after it', () => {
    const [service, client] = plansOf(variant('zero-sidecar', []));
    if (service === undefined || client === undefined) throw new Error('no pods');
    expect(client.client).toMatchObject({ entry: '127.77.0.1:7443', forbidden: null });
    expect(told(client, 'kernel', '--virtual')).toBe('127.77.0.1:7443=10.0.0.1:8080');
    const agent = podManifest(client, identity, settings).spec?.initContainers?.find(
      ({ name }) => name === 'agent',
    );
    expect(agent?.command).toContain('127.0.0.1:9710=127.77.0.1:7443');
    // A probe would be a connection that was not led anywhere.
    expect(podManifest(service, identity, settings).spec?.containers[0]?.startupProbe).toBeUndefined();
  });

  it('has pods say what a mesh is asked by, and their agents take what is put in for the data plane', () => {
    const inject = {
      namespaceLabels: { 'istio-injection': 'enabled' },
      namespaceAnnotations: {},
      podLabels: { mesh: 'yes' },
      podAnnotations: { 'mesh/inject': 'enabled' },
      containers: ['mesh-proxy'],
      sides: ['client', 'service'],
    } as const;
    const [service, client] = plansOf(variant('injected', [], { inject }));
    if (service === undefined || client === undefined) throw new Error('no pods');
    for (const [plan, role] of [
      [service, 'inbound'],
      [client, 'outbound'],
    ] as const) {
      const { metadata, spec } = podManifest(plan, identity, settings);
      expect(metadata?.labels).toMatchObject({ mesh: 'yes', 'meshmark.dev/pod': 'p' });
      expect(metadata?.annotations).toEqual({ 'mesh/inject': 'enabled' });
      const agent = spec?.initContainers?.find(({ name }) => name === 'agent');
      expect(agent?.command?.join(' ')).toContain(`--others ${role}`);
      for (const { name, env } of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
        expect(env?.map((one) => one.name)).toEqual([name === 'service' ? 'MESHMARK_ROLE' : 'MESHMARK_OWN']);
      }
    }
  });

  it('has no limit of CPU, ends by itself, and asks the clients’ nodes for clients alone', () => {
    const [service, client] = plansOf(variant('direct', ['outbound', 'inbound']));
    if (service === undefined || client === undefined) throw new Error('no pods');
    const { spec } = podManifest(client, identity, settings);
    expect(spec?.nodeSelector).toEqual({ pool: 'clients' });
    expect(podManifest(service, identity, settings).spec?.nodeSelector).toBeUndefined();
    expect(spec?.activeDeadlineSeconds).toBe(900);
    expect(spec?.containers[0]?.resources?.limits).toEqual({ memory: '256Mi' });
  });
});

describe('namespaceOf', () => {
  it('is a name that namespaces may have, whatever the variant is called', () => {
    for (const id of ['plain', 'plain@64KiB,4conns', '---', 'x'.repeat(90)]) {
      expect(namespaceOf('ab12', id, 3)).toMatch(/^meshmark-ab12-3-[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
      expect(namespaceOf('ab12', id, 3).length).toBeLessThanOrEqual(63);
    }
  });
});
