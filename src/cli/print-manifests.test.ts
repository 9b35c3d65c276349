import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { manifestsOf } from './print-manifests.js';
import { planText } from './scenario-file.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-print-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scenario = (load: string, rest = '') => `schema: meshmark.scenario/1
name: from many
cluster: { provider: kubernetes }
workload: { protocol: http1, connections: 8${rest} }
load: { ${load} }
slices: { duration: 5s, warmup: 300ms, blocks: 4, seed: 3 }
variants: [{ id: direct }, { id: rbac-remote }, { id: ebpf-sockops }]
baseline: direct
`;

function printed(text: string, target?: string): { objects: Printed[]; text: string } {
  const plan = planText(text, join(folder, 'f.yaml'), { toPrint: true });
  const out = manifestsOf(plan, target, new Date(0));
  return { objects: parseAllDocuments(out).map((one) => one.toJS() as Printed), text: out };
}

interface Printed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly parallelism: number;
    readonly script: object;
    readonly runner: Readonly<Record<string, unknown>> & { readonly env: readonly object[] };
  };
}

/** Of `TestRunSpec`, `Pod` and `K6Configmap` in the operator's api/v1alpha1/testrun_types.go. */
const SPEC = [
  'script',
  'parallelism',
  'separate',
  'arguments',
  'ports',
  'initializer',
  'starter',
  'runner',
  'quiet',
  'paused',
  'scuttle',
  'cleanup',
];
const POD = [
  'affinity',
  'env',
  'image',
  'imagePullPolicy',
  'metadata',
  'nodeSelector',
  'topologySpreadConstraints',
  'resources',
  'securityContext',
];

describe('manifests of a k6 scenario', () => {
  it('are the script as a ConfigMap and a TestRun in as many pods as there are agents', () => {
    const { objects } = printed(
      scenario('driver: k6, model: open, rate: 400/s, agents: 4'),
      'web.shop.svc:80',
    );
    expect(objects.map(({ apiVersion, kind }) => [apiVersion, kind])).toEqual([
      ['v1', 'ConfigMap'],
      ['k6.io/v1alpha1', 'TestRun'],
    ]);
    const [files, test] = objects;
    expect(test?.spec).toMatchObject({
      parallelism: 4,
      script: { configMap: { name: files?.metadata.name, file: 'meshmark.js' } },
    });
    expect(SPEC).toEqual(expect.arrayContaining(Object.keys(test?.spec ?? {})));
    expect(POD).toEqual(expect.arrayContaining(Object.keys(test?.spec.runner ?? {})));
    expect(test?.spec.runner.env).toContainEqual({ name: 'MESHMARK_TARGET', value: 'web.shop.svc:80' });
    // The whole rate: the operator has each pod send its segment of it.
    expect(files?.data['meshmark.js']).toContain('"rate":400000,"timeUnit":"1000s"');
    expect(files?.data['meshmark.js']).toContain('"duration":"21s"');
  });

  it('have the user’s own script beside the one that runs it', () => {
    writeFileSync(join(folder, 'mine.js'), 'export default function () {}\n');
    const { objects } = printed(scenario('driver: k6, model: closed, script: mine.js'));
    expect(objects[0]?.data['script.js']).toBe('export default function () {}\n');
    expect(objects[0]?.data['meshmark.js']).toContain('from "./script.js"');
    expect(objects[1]?.spec.parallelism).toBe(1);
  });

  it('have what a gRPC client needs where the operator puts it', () => {
    const text = scenario('driver: k6, model: closed')
      .replace('http1', 'grpc')
      .replace(', { id: ebpf-sockops }', '');
    const { objects } = printed(text);
    expect(objects[0]?.data['echo.proto']).toContain('service Echo');
    expect(objects[0]?.data['meshmark.js']).toContain('client.load(["/test"]');
  });

  it('end a ramp with its highest rate, and tell its lengths', () => {
    const { objects } = printed(
      scenario('driver: k6, model: open, arrivals: ramp, from: 100/s, rate: 400/s'),
    );
    const text = objects[0]?.data['meshmark.js'] ?? '';
    expect(text).toContain('"ms"},{"target":400000,"duration":__ENV.MESHMARK_MEASURED_MS + "ms"}]');
    expect(objects[1]?.spec.runner.env).toContainEqual({ name: 'MESHMARK_MEASURED_MS', value: '20700' });
  });
});

describe('manifests of other scenarios', () => {
  it('are what a run makes for each variant that can stand, with a job where many make the load', () => {
    const { objects, text } = printed(scenario('model: open, rate: 400/s, agents: 4'));
    const kinds = (variant: string) =>
      objects
        .filter(({ metadata }) => `${metadata.namespace ?? ''}${metadata.name}`.includes(variant))
        .map(({ kind }) => kind);
    expect(kinds('direct')).toEqual(['Namespace', 'ResourceQuota', 'Secret', 'Pod', 'Job']);
    expect(kinds('rbac-remote')).toEqual(['Namespace', 'ResourceQuota', 'Secret', 'Pod', 'Pod', 'Job']);
    expect(text).toContain('cannot stand on a cluster: ebpf-sockops');
    // No secret of a run is ever printed.
    expect(text).not.toContain('PRIVATE KEY');
  });

  it('are pods where one generator makes it', () => {
    const { objects } = printed(scenario('model: open, rate: 400/s'));
    expect(objects.map(({ kind }) => kind)).not.toContain('Job');
  });
});

describe('what cannot be printed', () => {
  it('is a scenario that is not for a cluster', () => {
    const text = scenario('model: open, rate: 400/s').replace('{ provider: kubernetes }', '{}');
    expect(() => printed(text)).toThrow(/--cluster kubernetes/);
  });

  it('is a target for a load that k6 does not make', () => {
    expect(() => printed(scenario('model: open, rate: 400/s'), 'a:1')).toThrow(/driver: k6/);
  });
});

it('k6 on a cluster is refused where it is to be run', () => {
  expect(() => planText(scenario('driver: k6, model: closed'), 'f.yaml')).toThrow(/--print/);
});
