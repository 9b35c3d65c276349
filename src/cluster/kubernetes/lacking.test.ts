import { describe, expect, it } from 'vitest';
import { CATALOGUE, resolveVariant, type VariantSpec, type WrittenOptions } from '../../variants/index.js';
import { lackingOnKubernetes } from './lacking.js';

const INJECTED = {
  namespaceLabels: {},
  namespaceAnnotations: {},
  podLabels: { mesh: 'yes' },
  podAnnotations: {},
  containers: ['mesh-proxy'],
  sides: ['client', 'service'],
} as const;

function variant(kind: string, options: WrittenOptions = {}): VariantSpec {
  return resolveVariant(
    {
      id: kind,
      kind,
      options,
      command: kind === 'custom' ? ['./proxy', '{listen}', '{upstream}'] : null,
      ...(kind === 'injected' ? { inject: INJECTED } : {}),
    },
    { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 4, protocol: 'http1' },
  );
}

const NOTHING = { scenario: false, command: false };

describe('lackingOnKubernetes', () => {
  it('lets what needs nothing but our programs stand, and has a reason for everything else', () => {
    const can = CATALOGUE.map(({ kind }) => kind).filter(
      (kind) => lackingOnKubernetes(variant(kind), 'http1', NOTHING) === null,
    );
    expect(can).toContain('direct');
    expect(can).toContain('pooled-buffer');
    for (const kind of can) {
      const { form, needs } = variant(kind);
      expect(['direct', 'sidecar', 'injected'], kind).toContain(form.type);
      expect(
        needs.filter((need) => !['epoll', 'kubernetes'].includes(need)),
        kind,
      ).toEqual([]);
    }
  });

  it.each([
    [
      'ebpf-sockops',
      /needs eBPF programs in the kernel of its nodes, for which pods need privilege: `cluster\.allowPrivileged: true`/,
    ],
    ['envoy', /needs envoy in the image/],
    ['qat-tls', /needs envoy in the image/],
    ['node-plain', /needs Node\.js in the image/],
    ['custom', /needs its program in the image/],
  ])('says what %s needs', (kind, reason) => {
    expect(lackingOnKubernetes(variant(kind), 'http1', NOTHING)).toMatch(reason);
  });

  it.each(['ebpf-sockops', 'ebpf-sockmap', 'rbac-ebpf', 'zero-sidecar'])(
    'lets %s stand where scenario and command both permit it, and says which of them does not',
    (kind) => {
      const lacking = (scenario: boolean, command: boolean) =>
        lackingOnKubernetes(variant(kind), 'http1', { scenario, command });
      expect(lacking(true, true)).toBeNull();
      expect(lacking(true, false)).toMatch(/need privilege: `--allow-privileged`$/);
      expect(lacking(false, true)).toMatch(
        /need privilege: `cluster\.allowPrivileged: true` in the scenario$/,
      );
    },
  );

  it('has no interception between pods', () => {
    const intercepted = variant('plain', { interception: 'connect' });
    expect(lackingOnKubernetes(intercepted, 'http1', { scenario: true, command: true })).toMatch(
      /`interception: connect` leads/,
    );
  });

  it('has no HTTP/3 for any of them', () => {
    expect(lackingOnKubernetes(variant('direct'), 'h3', NOTHING)).toMatch(/UDP/);
  });
});
