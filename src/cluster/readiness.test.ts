import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.js';
import { waitForAnswer } from './readiness.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The address of a server that answers with these statuses in turn, and then with 200. */
function answering(statuses: number[]): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = statuses.shift() ?? 200;
    response.end();
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

describe('waitForAnswer', () => {
  it('waits until the path behind the proxy answers too', async () => {
    const statuses = [502, 503, 200];
    await waitForAnswer(await answering(statuses), 'http1', () => null);
    expect(statuses).toEqual([]);
  });

  it('gives up at once when the variant has died, and says how', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const started = performance.now();
    await expect(waitForAnswer(address, 'http1', () => 'outbound ended: exit code 2')).rejects.toThrow(
      /exit code 2/,
    );
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
