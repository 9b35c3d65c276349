import { expect, it } from 'vitest';
import { notAsInjected, serviceManifest } from './injected-pod.js';

const OWN = ['service', 'agent'];
const pod = (...injected: readonly string[]) => ({
  spec: {
    initContainers: [{ name: 'agent', restartPolicy: 'Always' }, { name: 'mesh-init' }],
    containers: ['service', ...injected].map((name) => ({ name })),
  },
});
const wants = (...containers: readonly string[]) => ({
  labels: {},
  annotations: {},
  role: containers.length === 0 ? null : 'inbound',
  containers,
});

it('takes a pod with every container that is wanted, whatever else was put in', () => {
  expect(notAsInjected(pod('mesh-proxy', 'tap'), wants('mesh-proxy'), OWN)).toBeNull();
  // What only prepares the pod is not in the path of anything.
  expect(notAsInjected(pod(), wants(), OWN)).toBeNull();
});

it('says what is missing and what came instead, and what may not be there', () => {
  expect(notAsInjected(pod(), wants('mesh-proxy'), OWN)).toMatch(
    /^no container mesh-proxy was put into it \(nothing was put into it\)/,
  );
  expect(notAsInjected(pod('other'), wants('mesh-proxy'), OWN)).toMatch(/\(it has other\)/);
  expect(notAsInjected(pod('mesh-proxy'), wants(), OWN)).toBe(
    'no container may be put into it, and it has mesh-proxy',
  );
});

it('names a Service’s port by its protocol, from which meshes tell it', () => {
  const { spec } = serviceManifest('ab12', 'mesh', 'p', 'grpc');
  expect(spec).toMatchObject({
    selector: { 'meshmark.dev/pod': 'p' },
    ports: [{ name: 'grpc', port: 8080, targetPort: 8080 }],
  });
});
