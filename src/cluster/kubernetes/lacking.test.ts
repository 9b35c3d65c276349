import { describe, expect, it, vi } from 'vitest';
import { CATALOGUE, resolveVariant, type VariantSpec } from '../../variants/index.js';
import { lackingAmong, lackingOnKubernetes } from './lacking.js';
import type { Offer } from './node-resources.js';

const SURROUNDINGS = {
  roles: ['outbound', 'inbound'],
  clusterOf: () => '',
  connections: 4,
  protocol: 'http1',
} as const;

function variant(kind: string): VariantSpec {
  return resolveVariant(
    {
      id: kind,
      kind,
      options: {},
      command: kind === 'custom' ? ['./proxy', '{listen}', '{upstream}'] : null,
    },
    SURROUNDINGS,
  );
}

describe('lackingOnKubernetes', () => {
  it('lets all stand that needs nothing of a kernel', () => {
    for (const { kind } of CATALOGUE) {
      const { form, needs } = variant(kind);
      const ofKernel = form.type === 'zero-sidecar' || needs.some((need) => need.startsWith('kernel:'));
      const reason = lackingOnKubernetes(variant(kind), 'http1');
      if (ofKernel) expect(reason, kind).toMatch(/needs \w.* in the kernel of its nodes/);
      else expect(reason, kind).toBeNull();
    }
  });

  it('says what a row of the kernel needs', () => {
    expect(lackingOnKubernetes(variant('ebpf-sockops'), 'http1')).toMatch(
      /needs messages in the kernel of its nodes, for which pods have no privilege/,
    );
  });

  it('has no HTTP/3 for any of them', () => {
    expect(lackingOnKubernetes(variant('direct'), 'h3')).toMatch(/UDP/);
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
    const lacking = await lackingAmong(kinds.map(variant), 'http1', {
      offered: async () => {
        asked.push('offer');
        if (offer === undefined) throw new Error('nothing is known of the nodes');
        return offer;
      },
      missing: async (programs, first) => {
        asked.push([first.id, ...programs]);
        return missing;
      },
    });
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
    expect((await lackingAmong([own], 'http1', asked)).size).toBe(0);
    expect(asked.missing).not.toHaveBeenCalled();
  });
});
