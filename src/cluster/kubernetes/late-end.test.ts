import { describe, expect, it } from 'vitest';
import { ServerStartError } from '../servers.js';
import { withLateEnd } from './late-end.js';
import type { PodGround } from './standing-pods.js';

const fault = new ServerStartError('127.0.0.1:1 did not answer a request in 10 s');

/** Two pods, of which the second has had a container end, which said something, if `ended`. */
function groundWhere(ended: boolean): Pick<PodGround, 'connection' | 'watch'> {
  const running = { name: 'service', state: { running: {} }, restartCount: 0 };
  const over = { name: 'inbound', state: { terminated: { exitCode: 1, reason: 'Error' } }, restartCount: 0 };
  const pods = {
    client: { metadata: { name: 'client' }, status: { containerStatuses: [running] } },
    service: {
      metadata: { name: 'service' },
      status: { containerStatuses: ended ? [running, over] : [running] },
    },
  };
  const core = {
    listNamespacedEvent: async () => ({ items: [] }),
    readNamespacedPodLog: async ({ container }: { container: string }) => `${container} cannot go on\n`,
  };
  const watch = {
    get: (_namespace: string, name: 'client' | 'service') => pods[name],
    until: async (found: () => unknown) => found(),
  };
  return { connection: { core }, watch } as unknown as PodGround;
}

describe('withLateEnd', () => {
  it('tells which container ended after it had started, and its own last words', async () => {
    const told = await withLateEnd(groundWhere(true), 'n', ['client', 'service'], fault);
    expect(told.message).toBe(
      'pod n/service: inbound ended: exit code 1 (Error); last lines: inbound: inbound cannot go on',
    );
  });

  it('leaves the fault as it was where none did', async () => {
    expect(await withLateEnd(groundWhere(false), 'n', ['client', 'service'], fault)).toBe(fault);
  });
});
