import { expect, it } from 'vitest';
import { agentsManifest } from './load-agents.js';
import type { PodPlan } from './pod-plan.js';

const plan: PodPlan = {
  side: 'client',
  name: 'client',
  containers: [
    { role: 'generator', argv: ['/x'], env: {}, port: null, adminPort: null, reached: false, sidecar: false },
    { role: 'outbound', argv: ['/y'], env: {}, port: 1, adminPort: 2, reached: false, sidecar: true },
  ],
  port: null,
};

const identity = {
  run: 'r',
  variant: 'plain',
  namespace: 'n',
  name: 'mm-r-0-g1-client',
  secret: 's',
  longestSeconds: 60,
  nativeSidecars: true,
  everyNamespace: true,
  node: 'node1',
};

const settings = {
  image: 'i',
  imagePullPolicy: 'Never' as const,
  pullSecrets: [],
  clientNodes: { pool: 'load' },
  serviceNodes: {},
  cpuRequest: '10m',
  memoryLimit: '256Mi',
};

it('is an indexed job of as many pods as agents at once, none of which is made again', () => {
  const { spec } = agentsManifest(plan, identity, settings, 4);
  expect(spec).toMatchObject({
    completions: 4,
    parallelism: 4,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 0,
  });
  const pod = spec?.template.spec;
  expect(pod?.restartPolicy).toBe('Never');
  expect(pod?.containers.map(({ name }) => name)).toEqual(['generator']);
  expect(pod?.initContainers?.map(({ name }) => name)).toEqual(['outbound', 'agent']);
  expect(pod?.nodeSelector).toEqual({ pool: 'load' });
});

it('spreads its pods over nodes, away from what they load, and not to where one client was before', () => {
  const pod = agentsManifest(plan, identity, settings, 4).spec?.template;
  expect(pod?.spec?.affinity).toHaveProperty('podAntiAffinity');
  expect(pod?.spec?.affinity).not.toHaveProperty('nodeAffinity');
  expect(pod?.spec?.affinity).not.toHaveProperty('podAffinity');
  expect(pod?.spec?.topologySpreadConstraints?.[0]?.labelSelector?.matchLabels).toEqual(
    pod?.metadata?.labels,
  );
});

it('asks a mesh by annotations, too, as a single client’s pod does', () => {
  const injected = {
    labels: {},
    annotations: { 'mesh/inject': 'enabled' },
    role: 'outbound',
    containers: [],
  };
  const job = agentsManifest({ ...plan, injected }, identity, settings, 4);
  expect(job.spec?.template.metadata?.annotations).toEqual({ 'mesh/inject': 'enabled' });
});
