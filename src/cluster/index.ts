export type {
  Cluster,
  DeployedProcess,
  Deployment,
  DeployOutcome,
  DeploySpec,
  Keeper,
  ServiceSpec,
} from './cluster.js';
export { createLocalCluster } from './local.js';
