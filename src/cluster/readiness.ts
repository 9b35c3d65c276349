/** A variant is ready when a real request through its whole path has been answered. */
import { get } from 'node:http';
import { createServer } from 'node:net';
import { ServerStartError } from './servers.js';

const READY_LIMIT_MS = 10_000;
const RETRY_MS = 20;

/**
 * Asks `address` (`host:port`) until any HTTP status below 502 comes back. 502 and above from a proxy mean that its
 * upstream is not there yet; the service's own planted faults are 503 and are retried too. Throws ServerStartError
 * when the variant dies or does not answer in 10 s.
 */
export async function waitForAnswer(address: string, death: () => string | null): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'no attempt';
  while (Date.now() < deadline) {
    const dead = death();
    if (dead !== null) throw new ServerStartError(dead);
    try {
      const status = await askOnce(address);
      if (status < 502) return;
      last = `status ${status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new ServerStartError(`${address} did not answer a request in ${READY_LIMIT_MS / 1000} s (${last})`);
}

function askOnce(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(`http://${address}/`, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 2 s')));
    request.on('error', reject);
  });
}

/** A TCP port that was free a moment ago, for proxies that must be told theirs before they start. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
