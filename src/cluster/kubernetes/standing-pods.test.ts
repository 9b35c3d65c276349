import { expect, it } from 'vitest';
import { type PodGround, removePods } from './standing-pods.js';

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
  const home = { variant: 'plain', namespace: 'n', own: true, secret: 's' };
  const made = { home, pods: ['one', 'two'], secrets: [], ports: [] };
  await expect(removePods(stubborn(deleted), made, 50)).rejects.toMatchObject({
    code: 'CLUSTER',
    message: 'could not remove pods from n: one, two still there after 0.05 s',
  });
  expect(deleted).toEqual(['one', 'two']);
});
