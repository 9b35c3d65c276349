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
export {
  createKubernetesCluster,
  type KubernetesCluster,
  type KubernetesOptions,
} from './kubernetes/kubernetes.js';
export type { Permission } from './kubernetes/lacking.js';
export { findRemains, type Remain } from './kubernetes/remains.js';
export type { StandingPod } from './kubernetes/standing-pods.js';
export { createLocalCluster } from './local.js';
export { FORBIDDEN_PATH } from './policy-rules.js';
