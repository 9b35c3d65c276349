/** A variant is ready when a real request through its whole path has been answered. */
import { createServer } from 'node:net';
import type { WorkloadProtocol } from '../variants/index.js';
import { ask, isSuccess } from './ask.js';
import { ServerStartError } from './servers.js';

/** The method that every gRPC server answers (gRPC Health Checking Protocol). */
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
const READY_LIMIT_MS = 10_000;
const RETRY_MS = 20;
const ATTEMPT_LIMIT_MS = 2000;

/**
 * Asks `address` (`host:port`) until any HTTP status below 502 comes back. 502 and above from a proxy mean that its
 * upstream is not there yet; the service's own planted faults are 503 and are retried too. gRPC is ready when its health
 * service says so. Throws ServerStartError when the variant dies or does not answer in 10 s.
 */
export async function waitForAnswer(
  address: string,
  protocol: WorkloadProtocol,
  death: () => string | null,
): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'no attempt';
  while (Date.now() < deadline) {
    const dead = death();
    if (dead !== null) throw new ServerStartError(dead);
    try {
      const path = protocol === 'grpc' ? HEALTH_CHECK : '/';
      const answer = await ask(address, protocol, path, ATTEMPT_LIMIT_MS);
      if (protocol === 'grpc' ? isSuccess(answer, protocol) : answer.status < 502) return;
      last = `status ${answer.status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new ServerStartError(`${address} did not answer a request in ${READY_LIMIT_MS / 1000} s (${last})`);
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
