import { describe, expect, it } from 'vitest';
import { notApart } from './placement.js';
import type { StandingPod } from './standing-pods.js';

function pod(side: StandingPod['side'], node: string, changed: Partial<StandingPod> = {}): StandingPod {
  return {
    variant: 'plain',
    side,
    name: `${side}-${node}`,
    namespace: 'n',
    node,
    roles: [],
    address: '10.0.0.1',
    about: {
      hostname: node,
      platform: 'linux',
      arch: 'amd64',
      goVersion: 'go',
      cores: 2,
      kernel: null,
      cpuModel: null,
      memoryBytes: null,
      governor: null,
      hypervisor: false,
      bootId: node,
    },
    agent: { address: '10.0.0.1:9700', pidBase: 0, machine: 0 },
    processes: [],
    agentAt: '127.0.0.1:1',
    imageIds: ['sha256:a'],
    ownImageIds: ['sha256:a'],
    generator: null,
    ...changed,
  };
}

const UNPINNED = 'no process has cores of its own: each node’s scheduler places them all';

describe('notApart', () => {
  it('has nothing but the scheduler against clients on one node and services on another', () => {
    expect(notApart([pod('client', 'a'), pod('service', 'b'), pod('middle', 'b')])).toEqual([UNPINNED]);
    expect(notApart([])).toEqual([]);
  });

  it('tells what shares a node, and what of one side ran on several', () => {
    const pods = [pod('client', 'a'), pod('client', 'b'), pod('service', 'b'), pod('service', 'c')];
    expect(notApart(pods)).toEqual([
      UNPINNED,
      'clients and services share a node: b',
      'clients ran on different nodes (a, b), which is in every comparison',
      'services ran on different nodes (b, c), which is in every comparison',
    ]);
  });

  it('tells that nodes share a machine, or do not share an image', () => {
    const { about } = pod('client', 'a');
    expect(notApart([pod('client', 'a'), pod('service', 'b', { about })])).toContain(
      'the 2 nodes are one machine',
    );
    expect(notApart([pod('client', 'a'), pod('service', 'b', { ownImageIds: ['sha256:b'] })])).toContain(
      'nodes made containers from 2 different images of the same name, which is in every comparison',
    );
  });
});
