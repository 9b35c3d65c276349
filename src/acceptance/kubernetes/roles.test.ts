/** Under the roles that are shipped everything works; with one verb less, the error names it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkout, startMeshmark } from '../command-line.js';
import { bringUp, shortScenario, type TestCluster } from './test-cluster.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface ShippedRole {
  readonly kind: 'Role' | 'ClusterRole';
  readonly rules: readonly Rule[];
}

/** Verbs without which a run that goes well is whole: what is asked for only when something went wrong, or by newer servers. */
const ONLY_WHEN_NEEDED = new Set([
  'list events',
  'get pods/log',
  'list namespaces',
  'list nodes',
  'get services',
  'create pods/portforward',
  // Of what a crash left.
  'list jobs',
]);

/** A variant that has a Service, and no mesh that would put anything into it. */
const ASKING = 'asking, kind: injected, inject: { podLabels: { mesh: none }, containers: [] }';

let cluster: TestCluster;
let users = 0;

beforeAll(async () => {
  cluster = await bringUp(1);
  cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
});

afterAll(() => cluster?.down());

function shipped(file: string): ShippedRole {
  return parse(readFileSync(join(checkout, 'infra', 'kubernetes', file), 'utf8')) as ShippedRole;
}

/** A kubeconfig of somebody who has these rules and no more. */
function kubeconfigWith({ kind }: ShippedRole, rules: readonly Rule[]): string {
  users += 1;
  const name = `user${users}`;
  const scope = kind === 'Role' ? { namespace: 'bench' } : {};
  cluster.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'bench' } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, ...scope }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: `${kind}Binding`,
      metadata: { name, ...scope },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'bench' }],
    },
  );
  const token = cluster.kubectl('create', 'token', name, '-n', 'bench').trim();
  const config = JSON.parse(cluster.kubectl('config', 'view', '--raw', '-o', 'json'));
  const own = config.users.map((user: { name: string }) => ({ name: user.name, user: { token } }));
  const file = join(cluster.folder, `${name}.conf`);
  writeFileSync(file, JSON.stringify({ ...config, users: own }));
  return file;
}

/** Runs a scenario; one that comes as far as the end of its first round is interrupted there, unless it is to go `whole`. */
async function run(
  role: ShippedRole,
  kubeconfig: string,
  pods = '',
  whole = false,
  variants: readonly string[] = ['direct', 'plain', ASKING],
  agents = 1,
) {
  const where = `{ provider: kubernetes${pods} }`;
  const user = basename(kubeconfig, '.conf');
  const scenario = shortScenario(cluster.folder, user, where, '1s', 300, variants, whole ? 2 : 4);
  if (agents > 1) {
    const text = readFileSync(scenario, 'utf8');
    writeFileSync(scenario, text.replace('arrivals: poisson', `arrivals: poisson, agents: ${agents}`));
  }
  const running = startMeshmark(
    [
      ...['run', scenario, '--kubeconfig', kubeconfig, '--out', join(cluster.folder, `${user}.run`)],
      ...(role.kind === 'Role' ? ['--namespace', 'bench'] : []),
    ],
    { env: { KUBECONFIG: cluster.kubeconfig } },
  );
  if (!whole)
    running.saw(/round 2 of 4/).then(
      () => running.kill('SIGINT'),
      () => undefined,
    );
  const { exitCode, stdout, stderr } = await running.ended;
  return { exitCode, said: `${stdout}${stderr}` };
}

/** What the run could not remove for want of a verb. */
function removeAll() {
  const ours = ['-l', 'app.kubernetes.io/managed-by=meshmark'];
  cluster.kubectl('delete', 'namespaces', ...ours);
  cluster.kubectl('delete', 'jobs,pods,secrets,services', '-n', 'bench', ...ours);
}

/** Each way to take one verb from the rules. */
function withOneVerbLess(rules: readonly Rule[]) {
  return rules.flatMap((rule) =>
    rule.verbs.map((verb) => ({
      name: `${verb} ${rule.resources.join()}`,
      verb,
      resource: rule.resources.join(),
      rules: rules
        .map((one) => (one === rule ? { ...rule, verbs: rule.verbs.filter((other) => other !== verb) } : one))
        // A rule without verbs is none.
        .filter(({ verbs }) => verbs.length > 0),
    })),
  );
}

for (const file of ['cluster-role.yaml', 'role.yaml']) {
  const role = shipped(file);
  describe(file, () => {
    test('is enough', async () => {
      const { exitCode, said } = await run(role, kubeconfigWith(role, role.rules), '', true);
      expect([0, 3], said).toContain(exitCode);
      expect(said).not.toMatch(/failed|CLUSTER/);
      expect(cluster.left()).toEqual([]);
    });

    const needed = withOneVerbLess(role.rules).filter(({ name }) => !ONLY_WHEN_NEEDED.has(name));

    async function expectNamed({ verb, resource, rules }: (typeof needed)[number]) {
      const variants = resource === 'jobs' ? ['direct', 'plain'] : ['direct', 'plain', ASKING];
      const agents = resource === 'jobs' ? 2 : 1;
      const kubeconfig = kubeconfigWith(role, rules);
      const { exitCode, said } = await run(role, kubeconfig, ', startTimeout: 15s', false, variants, agents);
      expect([3, 4], said).toContain(exitCode);
      expect(said).toMatch(new RegExp(`cannot ${verb}( or create)? (resource )?"?${resource}`));
    }

    for (const less of needed.filter(({ verb }) => verb === 'create')) {
      test(`without ${less.name}, the error says so, and nothing is left`, async () => {
        await expectNamed(less);
        expect(cluster.left()).toEqual([]);
      });
    }

    // What may not be removed is left, and said. Nothing is measured here, so that a few may run beside one another.
    describe.concurrent('of what is asked for later', () => {
      afterAll(removeAll);
      for (const less of needed.filter(({ verb }) => verb !== 'create')) {
        test(`without ${less.name}, the error says so`, () => expectNamed(less));
      }
    });

    test('a variant that needs an accelerator is unavailable, and whether nodes could be seen is said', async () => {
      const kubeconfig = kubeconfigWith(role, role.rules);
      const { exitCode, said } = await run(role, kubeconfig, '', true, ['plain', 'qat-tls']);
      expect([0, 3], said).toContain(exitCode);
      expect(said).toMatch(
        role.kind === 'Role'
          ? /qat-tls unavailable: needs a node that offers qat\.intel\.com\/…, and which do cannot be seen: .*cannot list resource "nodes"/
          : /qat-tls unavailable: no node offers qat\.intel\.com\/… for private keys \(node1: /,
      );
      expect(cluster.left()).toEqual([]);
    });

    test('without list events or get pods/log, what did not start is told with what could not be seen', async () => {
      const rules = role.rules.filter(({ resources }) => !['events', 'pods/log'].includes(resources.join()));
      const pods = ', image: "localhost/nowhere:1", imagePullPolicy: Never, startTimeout: 3s';
      const { said } = await run(role, kubeconfigWith(role, rules), pods);
      expect(said).toMatch(/ErrImageNeverPull.*none can be seen: .*cannot list resource "events"/);
      expect(cluster.left()).toEqual([]);
    });
  });
}
