/** What the k6 operator runs: https://github.com/grafana/k6-operator, `k6.io/v1alpha1`, api/v1alpha1/testrun_types.go. */
import type { V1ConfigMap, V1EnvVar, V1TopologySpreadConstraint } from '@kubernetes/client-node';
import { slugOf } from './names.js';

/** Where the operator puts the files of the ConfigMap in each pod. */
export const K6_FILES = '/test';

/** The fields of a TestRun that are written here. */
export interface TestRun {
  readonly apiVersion: 'k6.io/v1alpha1';
  readonly kind: 'TestRun';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Record<string, string>;
  };
  readonly spec: {
    readonly parallelism: number;
    readonly script: { readonly configMap: { readonly name: string; readonly file: string } };
    readonly runner: {
      readonly env: readonly V1EnvVar[];
      readonly metadata: { readonly labels: Record<string, string> };
      readonly topologySpreadConstraints: readonly V1TopologySpreadConstraint[];
    };
  };
}

export interface K6Test {
  /** Of the scenario. */
  readonly name: string;
  /** Null for the one that the manifests are applied to. */
  readonly namespace: string | null;
  /** By name, the script `file` among them. */
  readonly files: Readonly<Record<string, string>>;
  readonly file: string;
  /** What the script finds in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Pods that share what the script sends: the operator gives each its segment of it. */
  readonly agents: number;
}

/** The script as a ConfigMap, and the TestRun that runs it in as many pods as there are agents, apart from each other as nodes allow. */
export function k6Manifests(test: K6Test): [V1ConfigMap, TestRun] {
  const { files, file, env, agents } = test;
  const name = `meshmark-${slugOf(test.name)}`.slice(0, 52).replace(/-+$/, '');
  const place = test.namespace === null ? {} : { namespace: test.namespace };
  // Not that of what runs make: nothing of this is ever removed by meshmark.
  const labels = { 'meshmark.dev/k6': name };
  const metadata = { name, ...place, labels };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { ...files } },
    {
      apiVersion: 'k6.io/v1alpha1',
      kind: 'TestRun',
      metadata,
      spec: {
        parallelism: agents,
        script: { configMap: { name, file } },
        runner: {
          env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
          metadata: { labels },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
        },
      },
    },
  ];
}
