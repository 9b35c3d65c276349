import { describe, expect, it } from 'vitest';
import {
  type CarriedProtocol,
  type DeclaredVariant,
  resolveVariant,
  type VariantSpec,
} from '../../variants/index.js';
import { podManifest } from './manifests.js';
import { identifiedRoles, type PodPlan, podsOf } from './pod-plan.js';
import { SERVICE, SETTINGS } from './testing/pods.js';

const IDENTITY = {
  run: 'ab12',
  variant: 'v',
  namespace: 'n',
  name: 'mm-ab12-0-g1-client',
  secret: 'meshmark-ab12-0',
  longestSeconds: 900,
  nativeSidecars: true,
  everyNamespace: true,
  node: null,
};

function variant(
  kind: string,
  options: DeclaredVariant['options'] = {},
  protocol: CarriedProtocol = 'http1',
): VariantSpec {
  return resolveVariant(
    { id: kind, kind, options, command: null },
    { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 4, protocol },
  );
}

/** The client's pod, whose sidecar is told of a service at 10.0.0.1. */
function clientOf(spec: VariantSpec, device: string | null = null): PodPlan {
  const planned = podsOf(spec, SERVICE, device).at(-1);
  if (planned === undefined) throw new Error('no client was planned');
  return planned.plan({ policyServer: null, upstream: '10.0.0.1:8443' });
}

const sidecarOf = (plan: PodPlan) => plan.containers.find(({ role }) => role === 'outbound');

describe.each(['envoy', 'haproxy', 'nginx'] as const)('%s as a container', (program) => {
  it('is started from the image, with its configuration in a secret of the pod’s own', () => {
    const plan = clientOf(variant(program));
    const sidecar = sidecarOf(plan);
    expect(sidecar?.argv[0]).toBe(`/${program}`);
    const [[file, text] = ['', '']] = Object.entries(sidecar?.folder?.files ?? {});
    expect(sidecar?.argv.join(' ')).toContain(`/run/meshmark/${file}`);
    expect(text).toMatch(/127\.0\.0\.1.{0,40}8443/s);
    expect(text).toMatch(/10\.0\.0\.1/);
    const { spec } = podManifest(plan, IDENTITY, SETTINGS);
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(['secrets', 'folder', 'files']);
    expect(spec?.volumes?.at(-1)?.secret).toEqual({ secretName: IDENTITY.name });
    const container = spec?.initContainers?.find(({ name }) => name === 'outbound');
    expect(container?.volumeMounts).toContainEqual({
      name: 'files',
      mountPath: `/run/meshmark/${file}`,
      subPath: file,
      readOnly: true,
    });
    expect(container?.securityContext?.readOnlyRootFilesystem).toBe(true);
  });

  it('tells what it did on the pod’s loopback, apart from the traffic', () => {
    const { source } = sidecarOf(clientOf(variant(program))) ?? {};
    expect(source && 'url' in source ? source.url : '').toMatch(/^http:\/\/127\.0\.0\.1:9702\//);
  });

  it('proves who it is by the variant’s secret', () => {
    const secured = variant(program, { mtls: 'all' });
    expect(identifiedRoles(secured).map(({ role }) => role)).toEqual(['outbound', 'inbound']);
    const { folder } = sidecarOf(clientOf(secured)) ?? {};
    const text = Object.values(folder?.files ?? {}).join();
    expect(text).toContain('/etc/meshmark/ca.crt');
    expect(text).toContain(
      program === 'haproxy' ? '/run/meshmark/identity.pem' : '/etc/meshmark/outbound.key',
    );
    expect(folder?.secrets).toEqual(program === 'haproxy' ? { 'identity.pem': 'outbound.pem' } : {});
  });
});

describe('an accelerated proxy', () => {
  it('is given one device, as a limit and a request', () => {
    const plan = clientOf(variant('qat-tls'), 'qat.intel.com/cy');
    const { spec } = podManifest(plan, IDENTITY, SETTINGS);
    const resources = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((one) => [
      one.name,
      one.resources?.requests?.['qat.intel.com/cy'],
      one.resources?.limits?.['qat.intel.com/cy'],
    ]);
    expect(resources).toEqual([
      ['outbound', '1', '1'],
      ['agent', undefined, undefined],
      ['generator', undefined, undefined],
    ]);
  });
});

describe('Node’s sidecar as a container', () => {
  it('is the image’s own', () => {
    const sidecar = sidecarOf(clientOf(variant('node-plain')));
    expect(sidecar?.argv.slice(0, 2)).toEqual(['/node', '/node-sidecar/main.js']);
    expect(sidecar?.folder).toBeUndefined();
    const { spec } = podManifest(clientOf(variant('node-plain')), IDENTITY, SETTINGS);
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(['secrets']);
  });
});
