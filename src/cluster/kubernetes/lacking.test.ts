import { describe, expect, it } from 'vitest';
import { CATALOGUE, resolveVariant, type VariantSpec } from '../../variants/index.js';
import { lackingOnKubernetes } from './lacking.js';

function variant(kind: string): VariantSpec {
  return resolveVariant(
    {
      id: kind,
      kind,
      options: {},
      command: kind === 'custom' ? ['./proxy', '{listen}', '{upstream}'] : null,
    },
    { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 4, protocol: 'http1' },
  );
}

describe('lackingOnKubernetes', () => {
  it('lets what needs nothing but our programs stand, and has a reason for everything else', () => {
    const can = CATALOGUE.map(({ kind }) => kind).filter(
      (kind) => lackingOnKubernetes(variant(kind), 'http1') === null,
    );
    expect(can).toContain('direct');
    expect(can).toContain('pooled-buffer');
    for (const kind of can) {
      const { form, needs } = variant(kind);
      expect(['direct', 'sidecar'], kind).toContain(form.type);
      expect(
        needs.filter((need) => need !== 'epoll'),
        kind,
      ).toEqual([]);
    }
  });

  it.each([
    ['ebpf-sockops', /needs messages in the kernel of its nodes, for which pods have no privilege/],
    ['envoy', /needs envoy in the image/],
    ['qat-tls', /needs envoy in the image/],
    ['node-plain', /needs Node\.js in the image/],
    ['custom', /needs its program in the image/],
  ])('says what %s needs', (kind, reason) => {
    expect(lackingOnKubernetes(variant(kind), 'http1')).toMatch(reason);
  });

  it('has no HTTP/3 for any of them', () => {
    expect(lackingOnKubernetes(variant('direct'), 'h3')).toMatch(/UDP/);
  });
});
