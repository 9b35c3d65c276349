import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, connectTo, patiently } from './connection.js';

interface Reply {
  readonly status: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let folder: string;
let server: Server;
let replies: Reply[];
let asked: number;
let connection: Connection;

/** What an API server answers a list of pods with, one after another, and then with an empty list. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-connection-'));
  replies = [];
  asked = 0;
  server = createServer((_request, response) => {
    asked += 1;
    const reply = replies.shift() ?? { status: 200 };
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(JSON.stringify(reply.status === 200 ? { items: [] } : { message: reply.message }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  connection = connectTo({
    kubeconfig: kubeconfigFor((server.address() as AddressInfo).port),
    context: null,
  });
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function kubeconfigFor(port: number): string {
  const file = join(folder, `${port}.conf`);
  const name = 'test';
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': name,
      clusters: [{ name, cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    }),
  );
  return file;
}

const list = (patienceMs?: number) =>
  patiently(connection, 'list pods', () => connection.core.listNamespacedPod({ namespace: 'x' }), patienceMs);

describe('patiently', () => {
  it('asks again as late as a busy server says', async () => {
    replies = [{ status: 429, message: 'too many', headers: { 'retry-after': '1' } }];
    const begunAt = performance.now();
    await list();
    expect(asked).toBe(2);
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(990);
  });

  it('asks again while the server is in trouble, and until a quota is known', async () => {
    replies = [
      { status: 500, message: 'etcd' },
      { status: 503, message: 'away' },
      { status: 403, message: 'pods "x" is forbidden: status unknown for quota: meshmark' },
    ];
    await list();
    expect(asked).toBe(4);
  });

  it('tells at once what asking again does not mend, in the server’s own words', async () => {
    const cases: [Reply, RegExp][] = [
      [
        { status: 403, message: 'pods is forbidden: User "u" cannot list resource "pods"' },
        /^could not list pods: pods is forbidden: User "u" cannot list resource "pods"; the roles that are needed/,
      ],
      [{ status: 401, message: 'Unauthorized' }, /does not know who asks; the credentials .* have expired/],
      [{ status: 422, message: 'spec is invalid' }, /^could not list pods: spec is invalid \(status 422\)$/],
    ];
    for (const [reply, expected] of cases) {
      asked = 0;
      replies = [reply];
      await expect(list()).rejects.toMatchObject({
        code: 'CLUSTER',
        message: expect.stringMatching(expected),
      });
      expect(asked).toBe(1);
    }
  });

  it('gives up on a server that stays away, and says which', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await expect(list(600)).rejects.toThrow(
      `could not list pods: the API server http://127.0.0.1:${port} cannot be reached`,
    );
  });
});

describe('connectTo', () => {
  it('names the file that is not there, and the contexts that are', () => {
    const missing = join(folder, 'missing.conf');
    expect(() => connectTo({ kubeconfig: missing, context: null })).toThrow(
      `${missing} cannot be read: there is no such file`,
    );
    expect(() => connectTo({ kubeconfig: kubeconfigFor(1), context: 'other' })).toThrow(
      'the kubeconfig has no context other; it has test',
    );
  });
});
