import { describe, expect, it, vi } from 'vitest';
import { CATALOGUE, resolveVariant, type VariantSpec, type WrittenOptions } from '../../variants/index.js';
import { lackingAmong, lackingOnKubernetes } from './lacking.js';
import type { Offer } from './node-resources.js';

const SURROUNDINGS = {
  roles: ['outbound', 'inbound'],
  clusterOf: () => '',
  connections: 4,
  protocol: 'http1',
} as const;

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
    SURROUNDINGS,
  );
}

const NOTHING = { scenario: false, command: false };

describe('lackingOnKubernetes', () => {
  it('lets all stand that needs nothing of a kernel', () => {
    for (const { kind } of CATALOGUE) {
      const { needs } = variant(kind);
      const reason = lackingOnKubernetes(variant(kind), 'http1', NOTHING);
      if (needs.some((need) => need.startsWith('kernel:')))
        expect(reason, kind).toMatch(/in the kernel of its nodes/);
      else expect(reason, kind).toBeNull();
    }
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

describe('lackingAmong', () => {
  interface Played {
    readonly offer?: Offer;
    readonly missing?: readonly string[];
  }

  /** Asks of a cluster of which both are known, and notes what it was asked. */
  async function found(kinds: readonly string[], { offer, missing = [] }: Played = {}) {
    const asked: (string | readonly string[])[] = [];
    const lacking = await lackingAmong(
      kinds.map((kind) => variant(kind)),
      'http1',
      NOTHING,
      {
        offered: async () => {
          asked.push('offer');
          if (offer === undefined) throw new Error('nothing is known of the nodes');
          return offer;
        },
        missing: async (programs, first) => {
          asked.push([first.id, ...programs]);
          return missing;
        },
      },
    );
    return { asked, lacking: Object.fromEntries(lacking) };
  }

  it('asks a cluster nothing for variants of meshmark’s own programs', async () => {
    expect(await found(['direct', 'plain', 'mtls-all'])).toEqual({ asked: [], lacking: {} });
  });

  it('says how the image comes by a program that it has not', async () => {
    const kinds = ['plain', 'envoy', 'envoy-mesh', 'haproxy', 'node-plain', 'custom'].filter((kind) =>
      CATALOGUE.some((row) => row.kind === kind),
    );
    const { asked, lacking } = await found(kinds, { missing: ['/envoy', '/node', './proxy'] });
    expect(asked).toHaveLength(1);
    expect(lacking).toMatchObject({
      envoy: 'needs envoy in the image: `meshmark images save --with envoy`',
      'node-plain': 'needs Node.js in the image: `meshmark images save --with node`',
      custom: 'needs ./proxy in the image: name one that has it by the variant’s `image`',
    });
    expect(lacking).not.toHaveProperty('haproxy');
    expect(lacking).not.toHaveProperty('plain');
  });

  it('looks for each program once, in a pod of the first variant that needs one', async () => {
    const { asked } = await found(['direct', 'nginx', 'envoy', 'cryptomb-tls']);
    expect(asked).toEqual([['nginx', '/nginx', '/envoy']]);
  });

  it('asks nodes for an accelerator alone, and then not the image for what cannot stand anyway', async () => {
    const reason = 'no node offers qat.intel.com/… for private keys (a: none)';
    expect(await found(['plain', 'qat-tls'], { offer: { reason } })).toEqual({
      asked: ['offer'],
      lacking: { 'qat-tls': reason },
    });
    expect(await found(['qat-tls'], { offer: { resource: 'qat.intel.com/cy' } })).toEqual({
      asked: ['offer', ['qat-tls', '/envoy']],
      lacking: {},
    });
  });

  it('does not look in meshmark’s image for the program of another', async () => {
    const own = resolveVariant(
      {
        id: 'mine',
        kind: 'custom',
        options: {},
        command: ['/proxy', '{listen}', '{upstream}'],
        custom: { image: 'proxy:1', env: {}, ready: { type: 'answer' }, metrics: null },
      },
      SURROUNDINGS,
    );
    const asked = { offered: vi.fn(), missing: vi.fn() };
    expect((await lackingAmong([own], 'http1', NOTHING, asked)).size).toBe(0);
    expect(asked.missing).not.toHaveBeenCalled();
  });
});
