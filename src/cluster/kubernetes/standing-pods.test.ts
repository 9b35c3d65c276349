import { expect, it } from 'vitest';
import { type Made, type PodGround, reached, removePods } from './standing-pods.js';

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
  const home = {
    variant: 'plain',
    namespace: 'n',
    own: true,
    inKernel: false,
    asks: { labels: {}, annotations: {} },
    secret: 's',
  };
  const made = { home, pods: ['one', 'two'], services: [], jobs: [], ports: [], removed: false };
  await expect(removePods(stubborn(deleted), made, 50)).rejects.toMatchObject({
    code: 'CLUSTER',
    message: 'could not remove pods from n: one, two still there after 0.05 s',
  });
  expect(deleted).toEqual(['one', 'two']);
});

it('opens no way to pods that are removed already, which nobody would close', async () => {
  const home = {
    variant: 'plain',
    namespace: 'n',
    own: true,
    inKernel: false,
    asks: { labels: {}, annotations: {} },
    secret: 's',
  };
  const made: Made = { home, pods: [], services: [], jobs: [], ports: [], removed: false };
  const ground = stubborn([]);
  const opening = reached(ground, made, 'one', 9700);
  await removePods(ground, made, 50).catch(() => undefined);
  await expect(opening).rejects.toThrow('pod n/one is being removed');
  expect(made.ports).toEqual([]);
});
