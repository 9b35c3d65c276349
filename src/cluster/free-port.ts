/** Ports for programs that must be told theirs before they start. */
import { createServer } from 'node:net';

/**
 * Ports that were given out lately. The kernel may offer one again before its program has bound it, and two programs that
 * share their ports would both have it, each with a part of the other's traffic.
 */
const given: number[] = [];
const REMEMBERED = 2000;

/** A TCP port that was free a moment ago, and that nobody else here was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await offeredPort();
    if (given.includes(port)) continue;
    given.push(port);
    if (given.length > REMEMBERED) given.shift();
    return port;
  }
}

function offeredPort(): Promise<number> {
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
