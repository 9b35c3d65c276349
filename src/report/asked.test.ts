import { describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../record/index.js';
import { askedDetails, askedFacts } from './asked.js';
import { sampleRun } from './testing/sample-run.js';

const { run } = sampleRun({ rounds: 4 });
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('what was asked', () => {
  test('is not spoken of where it was one request over and over', () => {
    expect(askedFacts(run)).toEqual([]);
    expect(askedDetails(run)).toEqual([]);
  });

  test('names the commit that each variant stands beside itself of', () => {
    const [commit, own] = ['1'.repeat(40), '2'.repeat(40)];
    const against = { asked: 'git:main', commit, own: { commit: own, changed: true }, identical: ['plain'] };
    expect(askedFacts({ ...run, against })).toEqual(['each variant beside itself at commit 111111111111']);
    expect(askedDetails({ ...run, against })).toEqual([
      [
        'Compared with',
        `git:main, commit ${commit}; what lay here was commit ${own} with changes; the same program, byte for byte, in both: plain`,
      ],
    ]);
  });

  test('says from how many agents the load came', () => {
    const cluster: ClusterRecord = {
      provider: 'kubernetes',
      context: 'bench',
      version: 'v1.34.4',
      image: 'i',
      imageIds: [],
      run: 'r',
      agents: 4,
      nodes: [],
      pods: [],
      leftOut: [],
    };
    expect(askedFacts({ ...run, cluster })).toEqual(['load from 4 agents']);
  });

  test('names the cells of a matrix and what each differs in', () => {
    const cells = [
      { id: '1KiB,4conns', values: { responseBytes: '1KiB', connections: '4' }, variants: [] },
      { id: '64KiB,4conns', values: { responseBytes: '64KiB', connections: '4' }, variants: [] },
    ];
    expect(askedFacts({ ...run, cells })).toEqual(['a matrix of 2 cells']);
    expect(askedDetails({ ...run, cells })).toEqual([
      ['Cell 1KiB,4conns', 'responseBytes: 1KiB; connections: 4'],
      ['Cell 64KiB,4conns', 'responseBytes: 64KiB; connections: 4'],
    ]);
  });

  test('names each request of a mix with its share and its body, and the slow clients', () => {
    const asked = {
      ...run,
      requests: [
        { weight: 3, method: 'GET', path: '/items', headers: { accept: 'text/plain' }, body: null },
        {
          weight: 1,
          method: 'POST',
          path: '/orders',
          headers: {},
          body: { bytes: 4096, sha256: 'ba7816bf8f01cfea414140de5dae2223', file: 'order.json' },
        },
      ],
      slowClients: { connections: 2, readBytesPerSecond: 65_536 },
    };
    expect(askedFacts(asked)).toEqual(['a mix of 2 requests', 'beside 2 slow clients']);
    expect(askedDetails(asked).map(([label, text]) => [label, plain(text)])).toEqual([
      ['Request 1', 'GET /items with headers accept: 75 % of all'],
      [
        'Request 2',
        'POST /orders with a body of 4 KiB from order.json (SHA-256 ba7816bf8f01cfea…): 25 % of all',
      ],
      [
        'Slow clients',
        '2 connections that read at most 64 KiB a second each, in no figure but CPU and what follows from it',
      ],
    ]);
  });
});
