/** The connections that an HTTP/1.1 proxy keeps to its upstream, what it says of them, and when there are none to be had. */
import { Agent, createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './testing/ask.js';
import { createSidecarHost, type RunningSidecar } from './testing/sidecar-process.js';
import { answering, eventually, listening } from './testing/sockets.js';

const host = createSidecarHost();
afterAll(() => host.close());

describe.each(['streams', 'pooled'])('with --buffers %s', (buffers) => {
  let upstream: Server;
  let sidecar: RunningSidecar;
  let port: number;

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      request.resume().on('end', () => response.end('hello'));
    });
    port = await listening(upstream);
    sidecar = await host.start(port, '--buffers', buffers);
  });
  afterAll(async () => {
    await sidecar.end();
    upstream.close();
    upstream.closeAllConnections();
  });

  it('uses as many upstream connections as requests at once, again and again', async () => {
    const before = (await sidecar.snapshot()).witness;
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 8 }, () => ask({ port: sidecar.port, agent })));
    }
    agent.destroy();
    const after = (await sidecar.snapshot()).witness;
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown('requests')).toBe(160);
    expect(grown('requestsHttp1')).toBe(160);
    expect(grown('upstreamHttp1')).toBe(160);
    expect(grown('timedRequests')).toBe(160);
    expect(grown('bytesCopied')).toBe(160 * 5);
    expect(grown('connectionsAccepted')).toBe(8);
    expect(grown('upstreamDials')).toBeLessThanOrEqual(8);
    expect(grown('servedNs')).toBeGreaterThan(grown('upstreamNs'));
    expect(grown('upstreamNs')).toBeGreaterThan(0);
  });

  it('keeps no more idle upstream connections than it may', async () => {
    const own = await host.start(port, '--buffers', buffers, '--idle-upstream-connections', '2');
    // On a busy machine ten requests may come one after another, and then two connections are enough.
    await eventually(async () => {
      await Promise.all(Array.from({ length: 10 }, () => ask({ port: own.port })));
      return ((await own.snapshot()).witness.upstreamDials ?? 0) > 2;
    });
    const counted = () =>
      new Promise<number>((resolve) => upstream.getConnections((_error, count) => resolve(count)));
    await own.end();
    const others = await counted();
    const second = await host.start(port, '--buffers', buffers, '--idle-upstream-connections', '2');
    await Promise.all(Array.from({ length: 10 }, () => ask({ port: second.port })));
    await eventually(async () => (await counted()) - others <= 2);
    await second.end();
  });

  it('says what it is in its snapshot, with every witness', async () => {
    const snapshot = await sidecar.snapshot();
    expect(snapshot).toMatchObject({
      schema: 'meshmark.admin/1',
      role: 'outbound',
      pid: sidecar.pid,
      nodeVersion: process.version,
    });
    expect(Math.abs(snapshot.atMicros / 1000 - Date.now())).toBeLessThan(2000);
    expect(Object.keys(snapshot.witness)).toHaveLength(42);
    expect(snapshot.witness.requestsH2).toBe(0);
    expect(snapshot.runtime.allocBytes).toBeGreaterThan(0);
    expect(snapshot.runtime.heapLiveBytes).toBeGreaterThan(1e6);
  });

  it('answers 502 while the upstream is down, and serves again once it is up', async () => {
    const first = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const own = await host.start(first.port, '--buffers', buffers);
    expect((await ask({ port: own.port })).body).toBe('ok');
    await first.close();
    expect(await ask({ port: own.port })).toMatchObject({ status: 502, bytes: 0 });
    expect(
      await ask({ port: own.port, method: 'POST', body: [Buffer.alloc(1024 * 1024, 'x')] }),
    ).toMatchObject({ status: 502 });
    const again = createServer((_request, response) => response.end('back'));
    await new Promise<void>((resolve) => again.listen(first.port, '127.0.0.1', resolve));
    expect((await ask({ port: own.port })).body).toBe('back');
    await own.end();
    again.close();
    again.closeAllConnections();
  });
});
