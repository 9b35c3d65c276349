import { describe, expect, it } from 'vitest';
import type { Home } from './home.js';
import { createPod, type Made, type PodGround, reached, removePods } from './standing-pods.js';

/** Nothing yet, in a namespace of the run's own or of the user's. */
function madeIn(own: boolean, pods: string[] = []): Made {
  const home: Home = {
    ...{ variant: 'plain', namespace: 'n', own, inKernel: false, secret: 's' },
    asks: { labels: {}, annotations: {} },
  };
  return { home, pods, secrets: [], services: [], jobs: [], ports: [], removed: false };
}

/** A cluster that takes every order and removes nothing. */
function stubborn(deleted: string[]): PodGround {
  const core = {
    deleteNamespacedPod: async ({ name }: { readonly name: string }) => {
      deleted.push(name);
    },
  };
  const watch = { get: () => ({}), until: async () => null };
  return { connection: { core, server: 'https://cluster' }, watch } as unknown as PodGround;
}

it('does not go on as if pods were gone that are not', async () => {
  const deleted: string[] = [];
  const made = madeIn(true, ['one', 'two']);
  await expect(removePods(stubborn(deleted), made, 50)).rejects.toMatchObject({
    code: 'CLUSTER',
    message: 'could not remove pods from n: one, two still there after 0.05 s',
  });
  expect(deleted).toEqual(['one', 'two']);
});

it('opens no way to pods that are removed already, which nobody would close', async () => {
  const made = madeIn(true);
  const ground = stubborn([]);
  const opening = reached(ground, made, 'one', 9700);
  await removePods(ground, made, 50).catch(() => undefined);
  await expect(opening).rejects.toThrow('pod n/one is being removed');
  expect(made.ports).toEqual([]);
});

describe('the files of one pod alone', () => {
  /** A cluster that takes every order, noted in `orders`, and has removed a pod when it is looked for. */
  function obedient(orders: string[]): PodGround {
    const noting =
      (what: string) => async (asked: { name?: string; body?: { metadata?: { name?: string } } }) => {
        orders.push(`${what} ${asked.name ?? asked.body?.metadata?.name}`);
      };
    const core = {
      createNamespacedPod: noting('create pod'),
      deleteNamespacedPod: noting('delete pod'),
      createNamespacedSecret: noting('create secret'),
      deleteNamespacedSecret: noting('delete secret'),
    };
    const watch = { get: () => null, until: async (found: () => unknown) => found() };
    const settings = { pullSecrets: [], clientNodes: {}, serviceNodes: {} };
    const connection = { core, server: 'https://cluster' };
    return { connection, watch, settings, until: new Date(0) } as unknown as PodGround;
  }

  async function comeAndGo(own: boolean): Promise<string[]> {
    const orders: string[] = [];
    const ground = obedient(orders);
    const made = madeIn(own);
    const container = { argv: ['/proxy'], env: {}, port: 1, adminPort: null, reached: false, sidecar: true };
    const folder = { files: { 'proxy.conf': 'text' }, secrets: {} };
    const plan = {
      ...({ side: 'client', name: 'client', port: null } as const),
      containers: [
        { ...container, role: 'outbound', folder },
        { ...container, role: 'generator' },
      ],
    };
    const identity = { run: 'r', longestSeconds: 9, nativeSidecars: true, everyNamespace: own, node: null };
    await createPod(ground, made, plan, { ...identity, name: 'with-files' });
    await createPod(ground, made, { ...plan, containers: [] }, { ...identity, name: 'without' });
    await removePods(ground, made, 50);
    return orders;
  }

  it('are there before it, and go with it from a namespace of the user’s', async () => {
    expect(await comeAndGo(false)).toEqual([
      'create secret with-files',
      'create pod with-files',
      'create pod without',
      'delete pod with-files',
      'delete pod without',
      'delete secret with-files',
    ]);
  });

  it('go with a namespace of the run’s own, for which no right to remove them is needed', async () => {
    expect((await comeAndGo(true)).filter((order) => order.includes('secret'))).toEqual([
      'create secret with-files',
    ]);
  });
});
