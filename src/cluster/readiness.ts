/** A variant is ready when a real request through its whole path has been answered. */
import { connect } from 'node:net';
import type { WorkloadProtocol } from '../variants/index.js';
import { ask, isSuccess } from './ask.js';
import type { Identity } from './certificates.js';
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
  identity: Identity | null = null,
): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'no attempt';
  while (Date.now() < deadline) {
    const dead = death();
    if (dead !== null) throw new ServerStartError(dead);
    try {
      const path = protocol === 'grpc' ? HEALTH_CHECK : '/';
      const answer = await ask(address, protocol, path, ATTEMPT_LIMIT_MS, undefined, identity);
      if (protocol === 'grpc' ? isSuccess(answer, protocol) : answer.status < 502) return;
      last = `status ${answer.status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new ServerStartError(`${address} did not answer a request in ${READY_LIMIT_MS / 1000} s (${last})`);
}

/** Whether `address` (`host:port`) takes a connection within `limitMs`. */
export function accepts(address: string, limitMs: number): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  // An address of IPv6 stands in brackets, which are not part of it.
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)), timeout: limitMs });
    const settle = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
