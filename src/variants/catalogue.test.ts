import { describe, expect, it } from 'vitest';
import { CATALOGUE } from './catalogue.js';
import type { Surroundings } from './path.js';
import { resolveVariant } from './resolve.js';

const http1: Surroundings = {
  roles: ['outbound', 'inbound'],
  clusterOf: () => 'one',
  connections: 64,
  protocol: 'http1',
};
const HOPS = ['http1@outbound', 'http1@inbound', 'plaintext@inbound'];

describe('the catalogue', () => {
  it('names each kind once and only counterparts that exist', () => {
    const kinds = CATALOGUE.map((row) => row.kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const { counterpart } of CATALOGUE) if (counterpart !== null) expect(kinds).toContain(counterpart);
  });
});

describe('resolveVariant', () => {
  it('keeps as many idle upstream connections as the workload has, since Go’s 2 would be a straw man', () => {
    const plain = resolveVariant({ id: 'plain', kind: 'plain', options: {}, command: null }, http1);
    expect(plain.form).toMatchObject({
      proxies: [{ role: 'outbound' }, { role: 'inbound' }],
      idleUpstreamConnections: 64,
    });
    expect(plain.claims).toEqual(['proxy-in-path', 'upstream-reuse', ...HOPS]);
  });

  it('puts the row’s own point first among the claims', () => {
    const pooled = resolveVariant({ id: 'p', kind: 'pooled-buffer', options: {}, command: null }, http1);
    expect(pooled.claims[0]).toBe('buffer-pool');
  });

  it('takes a claim away when an option does', () => {
    const few = { idleUpstreamConnections: 2 };
    const plain = resolveVariant({ id: 'plain', kind: 'plain', options: few, command: null }, http1);
    expect(plain.claims).toEqual(['proxy-in-path', ...HOPS]);
  });

  it('claims neither reuse nor pool hits for a sidecar that copies bytes', () => {
    const pooled = resolveVariant(
      { id: 'p', kind: 'pooled-buffer', options: {}, command: null },
      { ...http1, protocol: 'tcp' },
    );
    expect(pooled.claims).toEqual(['buffer-pool', 'proxy-in-path']);
  });

  it('has one sidecar in the path of one hop', () => {
    const plain = resolveVariant(
      { id: 'plain', kind: 'plain', options: {}, command: null },
      { ...http1, roles: ['outbound'] },
    );
    expect(plain.form).toMatchObject({ proxies: [{ role: 'outbound' }] });
  });
});
