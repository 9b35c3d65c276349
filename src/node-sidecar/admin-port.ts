/** The admin port: `GET /snapshot` says what the runtime did and what the witness counters show. */
import { createServer, type Server } from 'node:http';
import { type Counters, readWitness } from './counters.js';
import type { RuntimeReader } from './runtime.js';

/** A server that does not listen yet. A snapshot costs the process CPU, so it is asked for outside what is measured. */
export function createAdminPort(role: string, counters: Readonly<Counters>, runtime: RuntimeReader): Server {
  return createServer((request, answer) => {
    if (request.url !== '/snapshot') {
      answer.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET') {
      answer.writeHead(405, { Allow: 'GET' }).end();
      return;
    }
    // Before anything is allocated to answer with.
    const reading = runtime.read();
    const body = JSON.stringify({
      schema: 'meshmark.admin/1',
      role,
      pid: process.pid,
      nodeVersion: process.version,
      atMicros: Math.round((performance.timeOrigin + performance.now()) * 1000),
      runtime: reading,
      witness: readWitness(counters),
    });
    answer.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    answer.end(body);
  });
}
