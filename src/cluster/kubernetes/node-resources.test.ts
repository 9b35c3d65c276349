import { ApiException } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { Connection } from './connection.js';
import { offeredQuickAssist, quickAssistAmong } from './node-resources.js';

function node(name: string, allocatable: Record<string, string>, unschedulable = false) {
  return { metadata: { name }, spec: { unschedulable }, status: { allocatable } };
}

describe('quickAssistAmong', () => {
  it('takes the resource of the first node that offers one for private keys', () => {
    const nodes = [
      node('a', { cpu: '4' }),
      node('b', { 'qat.intel.com/dc': '2' }),
      node('c', { 'qat.intel.com/cy': '1' }),
    ];
    expect(quickAssistAmong(nodes)).toEqual({ resource: 'qat.intel.com/cy' });
  });

  it('says of every node what it offers in its place, those together that offer the same', () => {
    const bare = ['a', 'b', 'c', 'd', 'e'].map((name) => node(name, { cpu: '4' }));
    const offer = quickAssistAmong([
      ...bare,
      node('f', { 'qat.intel.com/dc': '2' }),
      node('g', { 'qat.intel.com/cy': '1' }, true),
    ]);
    expect(offer).toEqual({
      reason:
        'no node offers qat.intel.com/… for private keys (a, b, c and 2 more: the node offers none of qat.intel.com/asym, qat.intel.com/cy, qat.intel.com/asym-dc, qat.intel.com/generic; f: the node offers qat.intel.com/dc, none of which does private keys; g: the node takes no pods)',
    });
    expect(quickAssistAmong([])).toEqual({
      reason: 'no node offers qat.intel.com/… for private keys (there are none)',
    });
  });
});

describe('offeredQuickAssist', () => {
  it('says that nodes cannot be seen where whoever asks may not list them', async () => {
    const said = { message: 'nodes is forbidden: User "ann" cannot list resource "nodes"' };
    const listNode = () => Promise.reject(new ApiException(403, 'refused', JSON.stringify(said), {}));
    const connection = { core: { listNode }, server: 'https://cluster' } as unknown as Connection;
    expect(await offeredQuickAssist(connection)).toEqual({
      reason: `needs a node that offers qat.intel.com/…, and which do cannot be seen: ${said.message}; the ClusterRole in infra/kubernetes may`,
    });
  });
});
