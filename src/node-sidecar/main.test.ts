/** How the process behaves as one: its options, its ports, its end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSidecarHost } from './testing/sidecar-process.js';
import { answering, listening, say } from './testing/sockets.js';

const host = createSidecarHost();
afterAll(() => host.close());

describe('the sidecar process', () => {
  it.each([
    [['--upstream', '127.0.0.1:1', '--role', 'sideways'], '--role must be one of outbound, gateway, inbound'],
    [['--upstream', '127.0.0.1:1', '--buffers', 'fresh'], '--buffers must be one of streams, pooled'],
    [['--upstream', '127.0.0.1:1', '--protocol', 'h2'], '--protocol must be one of http1, tcp'],
    [['--upstream', 'localhost'], '--upstream must be host:port'],
    [['--upstream', '127.0.0.1:70000'], '--upstream must be host:port'],
    [['--upstream', '127.0.0.1:0'], '--upstream needs a port above 0'],
    [
      ['--upstream', '127.0.0.1:1', '--idle-upstream-connections', '0'],
      'must be a whole number of at least 1',
    ],
    [['--upstream', '127.0.0.1:1', '--frobnicate'], '--frobnicate'],
    [[], '--upstream is missing'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const ended = await host.run(...args);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(message);
    expect(ended.stdout).toBe('');
  });

  it('explains its options with --help', async () => {
    const ended = await host.run('--help');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('--idle-upstream-connections');
  });

  it('ends with 1 when its port is taken', async () => {
    const server = createServer();
    const port = await listening(server);
    const ended = await host.run('--upstream', '127.0.0.1:1', '--listen', `127.0.0.1:${port}`);
    server.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('EADDRINUSE');
  });

  it('ends with 0 on SIGTERM, also with a connection open', async () => {
    const upstream = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const sidecar = await host.start(upstream.port);
    await say(sidecar.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (text) => text.endsWith('ok'));
    expect(await sidecar.end()).toBe(0);
    await upstream.close();
  });

  it.each(['streams', 'pooled'])(
    'on SIGINT leaves the end to a profiler that was loaded before, with nothing left to do (%s)',
    async (buffers) => {
      const folder = mkdtempSync(join(tmpdir(), 'meshmark-sidecar-'));
      const preload = join(folder, 'profiler.cjs');
      // Bubbleprof's and doctor's way: what they have is written when the event loop is empty.
      const profiler = `process.on('SIGINT', () => undefined);
        process.once('beforeExit', () => require('node:fs').writeSync(2, 'profile written\\n'));`;
      writeFileSync(preload, profiler);
      const upstream = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      const sidecar = await host.startUnder(['--require', preload], upstream.port, '--buffers', buffers);
      const client = connect(sidecar.port, '127.0.0.1');
      client.on('error', () => undefined);
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await new Promise((resolve) => client.once('data', resolve));
      expect(await sidecar.end('SIGINT')).toBe(0);
      expect(sidecar.log()).toContain('profile written');
      client.destroy();
      await upstream.close();
      rmSync(folder, { recursive: true });
    },
  );

  it('logs the first five faults, and their sum at its end', async () => {
    const gone = await answering('');
    await gone.close();
    const sidecar = await host.start(gone.port);
    for (let request = 0; request < 7; request++) {
      const heard = await say(sidecar.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      expect(heard.text).toMatch(/^HTTP\/1\.1 502 /);
    }
    await sidecar.end();
    const lines = sidecar.log().trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toContain('ECONNREFUSED');
    expect(lines[5]).toContain('7 faults in all, 2 not logged');
  });
});
