export type {
  Cluster,
  DeployedProcess,
  Deployment,
  DeployOutcome,
  DeploySpec,
  ServiceSpec,
} from './cluster.js';
export { createLocalCluster } from './local.js';
