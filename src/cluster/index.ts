export { ask } from './ask.js';
export type {
  Cluster,
  DeployedProcess,
  Deployment,
  DeployOutcome,
  DeploySpec,
  Keeper,
  LocalClusterOptions,
  MeasuredLink,
  ServiceSpec,
} from './cluster.js';
export { K6_FILES, type K6Test, k6Manifests } from './kubernetes/k6-test-run.js';
export {
  createKubernetesCluster,
  type KubernetesCluster,
  type KubernetesOptions,
  type PodGenerator,
} from './kubernetes/kubernetes.js';
export { lackingOnKubernetes, type Permission } from './kubernetes/lacking.js';
export { type PrintOptions, printedManifests } from './kubernetes/printed.js';
export { findRemains, type Remain } from './kubernetes/remains.js';
export type { StandingPod } from './kubernetes/standing-pods.js';
export { createLocalCluster } from './local.js';
export { FORBIDDEN_PATH } from './policy-rules.js';
