/**
 * A reverse proxy that lies as it is told: what the self-test measures to see whether meshmark finds out. It is a program
 * of its own, started as a `custom` variant.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';

/** It stands still for so long, as often as that. */
const STALL_MS = 250;
const STALL_EVERY_MS = 1000;
/** One request in so many is never answered … */
const DROPPED_EVERY = 25;
/** … or refused at once. Prime to the other, so that neither hides in a pattern of the client's. */
const REFUSED_EVERY = 7;

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:0' },
    upstream: { type: 'string', default: '' },
    lie: { type: 'string', default: 'none' },
  },
});
const [listenHost = '', listenPort = ''] = values.listen.split(':');
const [host = '', port = ''] = values.upstream.split(':');
const agent = new Agent({ keepAlive: true });

let served = 0;
let cached: { readonly headers: IncomingMessage['headers']; readonly body: Buffer } | null = null;

createServer((asked, answer) => {
  served += 1;
  if (values.lie === 'drop' && served % DROPPED_EVERY === 0) return;
  if (values.lie === 'refuse' && served % REFUSED_EVERY === 0) {
    answer.writeHead(503).end();
    return;
  }
  if (values.lie === 'cache' && cached !== null) {
    answer.writeHead(200, cached.headers).end(cached.body);
    return;
  }
  forward(asked, answer);
}).listen(Number(listenPort), listenHost);

if (values.lie === 'stall') {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.wait(cell, 0, 0, STALL_MS), STALL_EVERY_MS);
}

function forward(asked: IncomingMessage, answer: ServerResponse): void {
  const { method, url, headers } = asked;
  const sent = request({ host, port, method, path: url, headers, agent }, (received) => {
    const chunks: Buffer[] = [];
    received.on('data', (chunk: Buffer) => chunks.push(chunk));
    received.on('end', () => {
      const body = Buffer.concat(chunks);
      if (values.lie === 'cache') cached = { headers: received.headers, body };
      answer.writeHead(received.statusCode ?? 502, received.headers).end(body);
    });
  });
  sent.on('error', () => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end();
  });
  asked.pipe(sent);
}
