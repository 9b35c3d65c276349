/** `meshmark run --print`: what a run would make in a cluster, or what the k6 operator is to run, as YAML. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { K6_FILES, k6Manifests, lackingOnKubernetes, printedManifests } from '../cluster/index.js';
import { K6_PROTO, k6Script } from '../load/index.js';
import { type Plan, workloadOf } from '../plan/index.js';
import { serviceOf } from '../runner/index.js';
import { DEFAULT_IMAGE } from './default-image.js';
import { k6LoadOf, scriptOf } from './drivers.js';
import { SLACK_MS } from './ground.js';
import { UsageFault } from './outcome.js';

/** What k6 sends to where nobody says. */
const USUAL_TARGET = 'service:8080';
const SCRIPT = 'meshmark.js';
const OWN_SCRIPT = 'script.js';

/** The manifests of a plan for a cluster, as one text of YAML. Throws UsageFault for a plan that is not for one. */
export function manifestsOf(plan: Plan, target: string | undefined, now: Date): string {
  const { cluster } = plan;
  if (cluster.provider !== 'kubernetes') {
    throw new UsageFault([
      'only what would stand on a cluster has manifests: add `--cluster kubernetes`, or `cluster: {provider: kubernetes}` to the scenario',
    ]);
  }
  if (plan.load.driver === 'k6') return k6TextOf(plan, cluster.namespace, target ?? USUAL_TARGET);
  if (target !== undefined) {
    throw new UsageFault([
      '`--target` is for scenarios with `driver: k6`: other manifests hold what the load is sent to',
    ]);
  }
  // Printing permits nothing.
  const permission = { scenario: cluster.allowPrivileged, command: true };
  const standing = plan.variants.filter(
    (variant) => lackingOnKubernetes(variant, workloadOf(plan, variant.id).protocol, permission) === null,
  );
  const leftOut = plan.variants.filter((variant) => !standing.includes(variant)).map(({ id }) => id);
  const objects = printedManifests(
    standing.map((variant) => ({ variant, service: serviceOf(workloadOf(plan, variant.id)) })),
    {
      ...cluster,
      image: cluster.image ?? DEFAULT_IMAGE,
      longestMs: plan.schedule.budgetMs + SLACK_MS,
      policyLatencyMs: plan.policy.latencyMs,
      agents: plan.load.agents ?? 1,
    },
    now,
  );
  return textOf(
    [
      'What a run of this scenario makes, once for each set of fresh processes. A run draws the names, and fills in',
      'secrets and the addresses of pods: these are for reading, not for applying.',
      ...(leftOut.length === 0
        ? []
        : [`Not there, since they cannot stand on a cluster: ${leftOut.join(', ')}.`]),
    ],
    objects,
  );
}

function k6TextOf(plan: Plan, namespace: string | null, target: string): string {
  const { load, schedule, workload, scenario } = plan;
  const { long } = schedule;
  if (long === null) throw new UsageFault(['k6 has nothing to send: the scenario has no long slices']);
  const own = scriptOf(plan);
  const seconds = Math.ceil((long.durationMs * long.blocksPerRound * schedule.rounds + long.warmupMs) / 1000);
  const script = k6Script(
    { ...k6LoadOf(plan), script: own === null ? null : `./${OWN_SCRIPT}` },
    { seconds, protoFolder: K6_FILES },
  );
  const objects = k6Manifests({
    name: scenario.name,
    namespace,
    files: {
      [SCRIPT]: script,
      ...(own === null ? {} : { [OWN_SCRIPT]: readFileSync(own, 'utf8') }),
      ...(own === null && workload.protocol === 'grpc'
        ? { 'echo.proto': readFileSync(K6_PROTO, 'utf8') }
        : {}),
    },
    file: SCRIPT,
    env: {
      MESHMARK_TARGET: target,
      MESHMARK_WARMUP_MS: String(long.warmupMs),
      MESHMARK_MEASURED_MS: String(seconds * 1000 - long.warmupMs),
    },
    agents: load.agents ?? 1,
  });
  return textOf(
    [
      `k6 for ${seconds} s, for the k6 operator (k6.io/v1alpha1). It sends to MESHMARK_TARGET as its pods reach it: --target HOST:PORT.`,
    ],
    objects,
  );
}

function textOf(comments: readonly string[], objects: readonly object[]): string {
  const documents = objects.map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return `${comments.map((comment) => `# ${comment}\n`).join('')}${documents.map((one) => `---\n${one}`).join('')}`.trimEnd();
}
