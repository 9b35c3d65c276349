/** What the record says of the cluster that a run ran on. */
import { createHash } from 'node:crypto';
import type { KubernetesCluster, StandingPod } from '../cluster/index.js';
import type { MachineInfo, RunRecord } from '../record/index.js';

/** The cluster, where everything ran, and the machine of the clients in place of the harness's own; nothing when nothing stood. */
export function clusterFindings(
  cluster: KubernetesCluster,
  crossCheckAsked: boolean,
  agents: number,
): Partial<RunRecord> {
  const pods = cluster.placement();
  const client = pods.find(({ side }) => side === 'client');
  return {
    cluster: {
      provider: 'kubernetes',
      context: cluster.context,
      version: cluster.serverVersion,
      image: cluster.image,
      imageIds: [...new Set(pods.flatMap(({ imageIds }) => imageIds))].sort(),
      run: cluster.run,
      ...(agents === 1 ? {} : { agents }),
      nodes: nodesOf(pods),
      pods: podsOf(pods),
      leftOut: crossCheckAsked
        ? ['the cross-check by a second driver: pods have meshmark’s own generator only']
        : [],
    },
    ...(client === undefined ? {} : { machine: machineOf(client, pods) }),
  };
}

type ClusterRecord = NonNullable<RunRecord['cluster']>;

function nodesOf(pods: readonly StandingPod[]): ClusterRecord['nodes'] {
  const byName = new Map(pods.map(({ node, about }) => [node, about]));
  return [...byName].map(([name, { kernel, cpuModel, cores, memoryBytes, bootId }]) => ({
    name,
    kernel,
    cpuModel,
    cores,
    memoryBytes,
    bootId,
  }));
}

/** A side of a variant on a node, once, however many generations of its pods there were. */
function podsOf(pods: readonly StandingPod[]): ClusterRecord['pods'] {
  const distinct = new Map<string, ClusterRecord['pods'][number]>();
  for (const { variant, side, node, roles } of pods) {
    const key = [variant, side, node, ...roles].join(' ');
    const known = distinct.get(key);
    distinct.set(key, { variant, side, node, roles: [...roles], times: (known?.times ?? 0) + 1 });
  }
  return [...distinct.values()];
}

function machineOf({ node, about }: StandingPod, pods: readonly StandingPod[]): MachineInfo {
  const machines = [...new Map(pods.map((pod) => [pod.node, pod.about])).values()];
  const kinds = machines.map(({ kernel, cpuModel, cores, memoryBytes }) => [
    kernel,
    cpuModel,
    cores,
    Math.round((memoryBytes ?? 0) / 2 ** 30),
  ]);
  return {
    hostname: node,
    platform: about.platform,
    arch: about.arch,
    kernel: about.kernel ?? 'unknown',
    cpuModel: about.cpuModel ?? 'unknown',
    cores: about.cores,
    memoryBytes: about.memoryBytes ?? 0,
    governor: about.governor,
    virtualised: about.hypervisor ? 'hypervisor' : null,
    loadAverage: [],
    clockTicksPerSecond: 100,
    interruptAccounting: 'unknown: the kernel’s configuration cannot be read',
    nodeVersion: process.version,
    goVersion: about.goVersion,
    binaries: {},
    fingerprint: createHash('sha256')
      .update(JSON.stringify(['kubernetes', ...kinds]))
      .digest('hex')
      .slice(0, 16),
  };
}
