/** What an HTTP/1.1 proxy must get right, for both ways of forwarding, with peers that keep the rules. */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './testing/ask.js';
import { createSidecarHost, type RunningSidecar } from './testing/sidecar-process.js';
import { eventually, listening, rawServer, say } from './testing/sockets.js';

const LARGE_BYTES = 100 * 1024 * 1024;
const host = createSidecarHost();
afterAll(() => host.close());

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly bytes: number;
  readonly digest: string;
}

describe.each(['streams', 'pooled'])('with --buffers %s', (buffers) => {
  const seen: Seen[] = [];
  const lastSeen = () => seen.at(-1) as Seen;
  const large = randomBytes(1024 * 1024);
  let upstream: Server;
  let sidecar: RunningSidecar;
  let port: number;

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      const hash = createHash('sha256');
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
      });
      request.on('end', () => {
        const { method = '', url = '', rawHeaders, headers, trailers } = request;
        seen.push({ method, url, rawHeaders, headers, trailers, bytes, digest: hash.digest('hex') });
        answer(request.method, request.url ?? '', response);
      });
    });
    const answer = (method: string | undefined, url: string, response: ServerResponse) => {
      if (url === '/large') {
        response.writeHead(200, { 'Content-Length': LARGE_BYTES });
        let left = LARGE_BYTES / large.length;
        const more = () => {
          while (left > 0) {
            left--;
            if (!response.write(large)) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      } else if (url === '/204') response.writeHead(204, { 'X-Seen': 'yes' }).end();
      else if (url === '/304') response.writeHead(304, { ETag: '"a"' }).end();
      else if (url === '/head') response.writeHead(200, { 'Content-Length': 1234 }).end();
      else if (url === '/chunked') {
        response.writeHead(200, method === 'HEAD' ? {} : { Trailer: 'X-Sum' });
        response.write('one,');
        response.write('two');
        response.addTrailers({ 'X-Sum': '7' });
        response.end();
      } else if (url === '/hops') {
        response.writeHead(200, [
          ['Connection', 'X-Private'],
          ['X-Private', 'secret'],
          ['Proxy-Authenticate', 'Basic'],
          ['Keep-Alive', 'timeout=1'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['X-Kept', 'kept'],
        ] as unknown as string[]);
        response.end('hops');
      } else response.end('hello');
    };
    port = await listening(upstream);
    sidecar = await host.start(port, '--buffers', buffers);
  });
  afterAll(async () => {
    await sidecar.end();
    upstream.close();
    upstream.closeAllConnections();
  });

  it('passes method, path, headers and body on, each as it came', async () => {
    const answer = await ask({
      port: sidecar.port,
      method: 'PUT',
      path: '/a%20b?c=d&e=%2F',
      headers: {
        Host: 'service.mesh',
        'X-Twice': ['1', '2'],
        'Content-Length': '5',
        'X-Forwarded-For': '10.0.0.1',
      },
      body: ['hello'],
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('hello');
    expect(lastSeen()).toMatchObject({ method: 'PUT', url: '/a%20b?c=d&e=%2F', bytes: 5 });
    expect(lastSeen().headers).toMatchObject({
      host: 'service.mesh',
      'content-length': '5',
      'x-forwarded-for': '10.0.0.1',
    });
    expect(lastSeen().rawHeaders.filter((text) => text === 'X-Twice')).toHaveLength(2);
    expect(lastSeen().headers['transfer-encoding']).toBeUndefined();
  });

  it('removes the headers of one connection, also those that Connection names', async () => {
    await ask({
      port: sidecar.port,
      headers: {
        Connection: 'close, X-Private',
        'X-Private': 'secret',
        'Keep-Alive': 'timeout=9',
        'Proxy-Authorization': 'Basic a',
        'Proxy-Connection': 'keep-alive',
        Upgrade: 'websocket',
        TE: 'trailers, deflate',
      },
    });
    expect(Object.keys(lastSeen().headers).sort()).toEqual(['connection', 'host', 'te']);
    expect(lastSeen().headers.te).toBe('trailers');
    expect(lastSeen().headers.connection).toBe('keep-alive');
    const answer = await ask({ port: sidecar.port, path: '/hops' });
    expect(answer.headers).not.toHaveProperty('x-private');
    expect(answer.headers).not.toHaveProperty('proxy-authenticate');
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer.headers['x-kept']).toBe('kept');
    expect(answer.rawHeaders.filter((text) => text.toLowerCase() === 'date')).toHaveLength(1);
  });

  it('sends 100 MiB each way byte for byte', async () => {
    const expected = createHash('sha256');
    for (let sent = 0; sent < LARGE_BYTES; sent += large.length) expected.update(large);
    const digest = expected.digest('hex');
    const pieces = new Array<Buffer>(LARGE_BYTES / large.length).fill(large);
    const [down, up] = await Promise.all([
      ask({ port: sidecar.port, path: '/large' }),
      ask({
        port: sidecar.port,
        method: 'POST',
        path: '/up',
        headers: { 'Content-Length': String(LARGE_BYTES) },
        body: pieces,
      }),
    ]);
    expect(down.bytes).toBe(LARGE_BYTES);
    expect(down.digest).toBe(digest);
    expect(up.status).toBe(200);
    const upload = seen.find(({ url }) => url === '/up');
    expect(upload?.bytes).toBe(LARGE_BYTES);
    expect(upload?.digest).toBe(digest);
  });

  it('passes chunked bodies and their trailers on, each way', async () => {
    const answer = await ask({
      port: sidecar.port,
      method: 'POST',
      path: '/chunked',
      headers: { 'Transfer-Encoding': 'chunked', Trailer: 'X-Up' },
      body: ['one', 'two', Buffer.alloc(100_000, 'x')],
      trailers: { 'X-Up': 'yes' },
    });
    expect(answer.body).toBe('one,two');
    expect(answer.trailers).toEqual({ 'x-sum': '7' });
    expect(answer.headers.trailer).toBe('X-Sum');
    expect(lastSeen()).toMatchObject({ bytes: 100_006, trailers: { 'x-up': 'yes' } });
    expect(lastSeen().headers['content-length']).toBeUndefined();
  });

  it('frames a chunked body of a GET, which has none as a rule', async () => {
    await ask({
      port: sidecar.port,
      headers: { 'Transfer-Encoding': 'chunked' },
      body: ['GET /evil HTTP/1.1\r\n\r\n'],
    });
    expect(lastSeen()).toMatchObject({ method: 'GET', url: '/', bytes: 22 });
    await ask({ port: sidecar.port, path: '/next' });
    expect(lastSeen()).toMatchObject({ url: '/next', bytes: 0 });
  });

  it('answers HEAD, 204 and 304 without a body, and the connection can be used again', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = (await sidecar.snapshot()).witness.connectionsAccepted ?? 0;
    const head = await ask({ port: sidecar.port, method: 'HEAD', path: '/head', agent });
    expect(head).toMatchObject({ status: 200, bytes: 0 });
    expect(head.headers['content-length']).toBe('1234');
    const none = await ask({ port: sidecar.port, path: '/204', agent });
    expect(none).toMatchObject({ status: 204, bytes: 0 });
    expect(none.headers['x-seen']).toBe('yes');
    const unchanged = await ask({ port: sidecar.port, path: '/304', agent });
    expect(unchanged).toMatchObject({ status: 304, bytes: 0 });
    expect(unchanged.headers.etag).toBe('"a"');
    expect((await ask({ port: sidecar.port, agent })).body).toBe('hello');
    expect((await sidecar.snapshot()).witness.connectionsAccepted).toBe(before + 1);
    agent.destroy();
    // Node's client keeps no connection after a HEAD without a length, so this one has its own.
    const unknown = await ask({ port: sidecar.port, method: 'HEAD', path: '/chunked' });
    expect(unknown).toMatchObject({ status: 200, bytes: 0 });
  });

  it('answers an HTTP/1.0 client without chunks, and closes', async () => {
    const heard = await say(sidecar.port, 'GET /chunked HTTP/1.0\r\n\r\n');
    expect(heard.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(heard.text).not.toMatch(/transfer-encoding/i);
    expect(heard.text).toMatch(/\r\n\r\none,two$/);
    expect(lastSeen().headers.host).toBe(`127.0.0.1:${port}`);
  });

  it('answers requests that came together one after another', async () => {
    const heard = await say(
      sidecar.port,
      'GET /chunked HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(heard.text.indexOf('two')).toBeGreaterThan(0);
    expect(heard.text.indexOf('hello')).toBeGreaterThan(heard.text.indexOf('two'));
  });

  it('says 100 to a client that waits for it, and sends its body on', async () => {
    const heard = await say(
      sidecar.port,
      'PUT /expected HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
    expect(heard.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(lastSeen()).toMatchObject({ url: '/expected', bytes: 2 });
    expect(lastSeen().headers).not.toHaveProperty('expect');
  });

  it('sends a target in absolute form on in origin form, with its authority as the host', async () => {
    await say(sidecar.port, 'GET http://other.mesh/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(lastSeen()).toMatchObject({ url: '/x?y' });
    expect(lastSeen().headers.host).toBe('other.mesh');
  });

  it('keeps its memory while a client does not read', async () => {
    const rss = async () => {
      const { readFileSync } = await import('node:fs');
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${sidecar.pid}/status`, 'utf8'))?.[1]) * 1024;
    };
    const before = await rss();
    const socket = connect(sidecar.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect((await rss()) - before).toBeLessThan(30e6);
    // And the rest still comes.
    let bytes = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.on('close', () => resolve());
      socket.resume();
    });
    expect(bytes).toBeGreaterThan(LARGE_BYTES);
  });

  it('keeps its memory while the upstream does not read', async () => {
    const deaf = await rawServer((socket) => socket.pause());
    const own = await host.start(deaf.port, '--buffers', buffers);
    const socket = connect(own.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
    let accepted = 0;
    const feed = () => {
      while (accepted < 100) {
        accepted++;
        if (!socket.write(large)) return void socket.once('drain', feed);
      }
    };
    feed();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(accepted).toBeLessThan(40);
    socket.destroy();
    await eventually(() => own.log() === '');
    await own.end();
    await deaf.close();
  });
});
