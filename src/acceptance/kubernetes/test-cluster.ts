/** A real cluster on this machine for the tests beside this file, and what a user does with one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureKubernetes, KUBECONFIG } from '../../../infra/test-cluster/testing.mjs';
import { checkout, type Ended, meshmark } from '../command-line.js';

const PROGRAM = join(checkout, 'infra', 'test-cluster', 'main.mjs');

export interface TestCluster {
  readonly kubeconfig: string;
  readonly folder: string;
  /** Folder with `kubectl`. */
  readonly programs: string;
  kubectl(...args: readonly string[]): string;
  /** Applies objects. */
  apply(...objects: readonly object[]): void;
  /** `meshmark …args` with this cluster's kubeconfig. */
  meshmark(...args: readonly string[]): Promise<Ended>;
  /** Names of what is in the cluster and not of the cluster's own: namespaces and pods. */
  left(): string[];
  down(): void;
}

/** Brings the cluster up with the image of this checkout, and in it what else `meshmark images save --with` takes. */
export async function bringUp(nodes: 1 | 2, extras: readonly string[] = []): Promise<TestCluster> {
  const { kubernetes } = await ensureKubernetes();
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-cluster-test-'));
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  writeFileSync(join(programs, 'kubectl'), `#!/bin/sh\nexec '${kubernetes}' kubectl "$@"\n`, { mode: 0o755 });
  const image = join(folder, 'image.tar');
  const more = extras.length === 0 ? [] : ['--with', ...extras];
  execFileSync(
    process.execPath,
    [join(checkout, 'dist', 'cli', 'main.js'), 'images', 'save', image, ...more],
    { stdio: 'ignore' },
  );
  const up = spawnSync(process.execPath, [PROGRAM, 'up', '--nodes', String(nodes), '--image', image], {
    encoding: 'utf8',
  });
  if (up.status !== 0) throw new Error(`the test cluster did not come up: ${up.stdout}${up.stderr}`);
  const kubectl = (...args: readonly string[]) =>
    execFileSync(kubernetes, ['kubectl', `--kubeconfig=${KUBECONFIG}`, ...args], { encoding: 'utf8' });
  return {
    kubeconfig: KUBECONFIG,
    folder,
    programs,
    kubectl,
    apply: (...items) => {
      const file = join(folder, 'objects.json');
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      kubectl('apply', '-f', file);
    },
    meshmark: (...args) => meshmark(args, { env: { KUBECONFIG } }),
    left: () => {
      const names = kubectl('get', 'namespaces,pods', '--all-namespaces', '-o', 'name').trim().split('\n');
      return names.filter((name) => !/^namespace\/(default|kube-.*|bench)$/.test(name));
    },
    down: () => {
      spawnSync(process.execPath, [PROGRAM, 'down']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A scenario of short slices, for two variants unless others are named or written out, in so many rounds, each on fresh processes. */
export function shortScenario(
  folder: string,
  name: string,
  cluster = '{}',
  slice = '1s',
  rate = 300,
  variants: readonly string[] = ['direct', 'plain'],
  rounds = 4,
): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `schema: meshmark.scenario/1
name: ${name}
cluster: ${cluster}
workload: { protocol: http1, responseBytes: 1KiB, connections: 4 }
load: { driver: loadgen, model: open, rate: ${rate}/s, arrivals: poisson }
slices: { duration: ${slice}, warmup: 100ms, blocks: ${rounds}, replicas: ${rounds}, budget: 120s, seed: 3 }
variants: [${variants.map((one) => (one.startsWith('{') ? one : `{ id: ${one} }`)).join(', ')}]
baseline: plain
`,
  );
  return file;
}
