/** Forwarding of plain TCP, both ways of it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSidecarHost, type RunningSidecar } from './testing/sidecar-process.js';
import { eventually, listening, rawServer, say } from './testing/sockets.js';

const host = createSidecarHost();
afterAll(() => host.close());

const PIECE = randomBytes(1024 * 1024);
const PIECES = 100;

describe.each(['streams', 'pooled'])('tcp with --buffers %s', (buffers) => {
  let echo: Server;
  let sidecar: RunningSidecar;
  const options = ['--protocol', 'tcp', '--buffers', buffers];
  beforeAll(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    sidecar = await host.start(await listening(echo), ...options);
  });
  afterAll(async () => {
    await sidecar.end();
    echo.close();
  });

  it('carries 100 MiB each way byte for byte, and the end of each direction by itself', async () => {
    const before = (await sidecar.snapshot()).witness;
    const expected = createHash('sha256');
    const heard = createHash('sha256');
    let bytes = 0;
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ port: sidecar.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('data', (chunk) => {
        heard.update(chunk);
        bytes += chunk.length;
      });
      // The echo ends only after our own end has reached it.
      socket.on('end', resolve);
      socket.on('error', reject);
      let sent = 0;
      const more = () => {
        while (sent < PIECES) {
          sent++;
          expected.update(PIECE);
          if (!socket.write(PIECE)) return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    expect(bytes).toBe(PIECES * PIECE.length);
    expect(heard.digest('hex')).toBe(expected.digest('hex'));
    const after = (await sidecar.snapshot()).witness;
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown('bytesCopied')).toBe(bytes);
    expect(grown('bytesThroughPool')).toBe(buffers === 'pooled' ? bytes : 0);
    expect(grown('connectionsAccepted')).toBe(1);
    expect(grown('upstreamDials')).toBe(1);
    expect(grown('requests')).toBe(0);
  });

  it('still carries what the upstream sends after the client has ended', async () => {
    const upstream = await rawServer((socket) => {
      socket.on('end', () => setTimeout(() => socket.end('late'), 50));
    });
    const own = await host.start(upstream.port, ...options);
    const text = await new Promise<string>((resolve) => {
      const socket = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk.toString();
      });
      socket.on('end', () => resolve(heard));
      socket.end('early');
    });
    expect(text).toBe('late');
    expect(upstream.received()).toBe('early');
    await own.end();
    await upstream.close();
  });

  it('still carries what the client sends after the upstream has ended', async () => {
    const upstream = await rawServer((socket) => socket.end('greeting'));
    const own = await host.start(upstream.port, ...options);
    await new Promise<void>((resolve) => {
      const socket = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.resume();
      socket.on('end', () => socket.end('answer', resolve));
    });
    await eventually(() => upstream.received() === 'answer');
    await own.end();
    await upstream.close();
  });

  it('resets the client when the upstream is down or resets', async () => {
    const upstream = await rawServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const own = await host.start(upstream.port, ...options);
    expect(await say(own.port, 'x')).toEqual({ text: '', reset: true });
    await upstream.close();
    expect(await say(own.port, 'x')).toEqual({ text: '', reset: true });
    await own.end();
    expect(own.log().trimEnd().split('\n')).toHaveLength(2);
    expect(own.log()).toContain('ECONNREFUSED');
  });

  it('resets the upstream when the client resets', async () => {
    let reset = false;
    const upstream = await rawServer((socket) => {
      socket.on('error', (error) => {
        reset = (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      });
    });
    const own = await host.start(upstream.port, ...options);
    const client = connect(own.port, '127.0.0.1');
    client.write('x');
    await eventually(() => upstream.received() === 'x');
    client.resetAndDestroy();
    await eventually(() => reset);
    expect(own.log()).toBe('');
    await own.end();
    await upstream.close();
  });

  it('keeps its memory while the client does not read', async () => {
    let sent = 0;
    const upstream = await rawServer((socket) => {
      const more = () => {
        while (sent < PIECES) {
          sent++;
          if (!socket.write(PIECE)) return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    const own = await host.start(upstream.port, ...options);
    const rssBytes = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${own.pid}/status`, 'utf8'))?.[1]) * 1024;
    const before = rssBytes();
    const socket = connect(own.port, '127.0.0.1');
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(sent).toBeLessThan(40);
    expect(rssBytes() - before).toBeLessThan(30e6);
    let bytes = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.on('close', () => resolve());
      socket.resume();
    });
    expect(bytes).toBe(PIECES * PIECE.length);
    await own.end();
    await upstream.close();
  });
});
