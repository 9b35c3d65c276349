/**
 * Ending by having nothing left to do, for profilers that were loaded before the sidecar: what they found they write when the
 * event loop is empty, or themselves on SIGINT, and an exit would cut them short.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Server, Socket } from 'node:net';

/** Has SIGINT close the servers and every connection. Call it before any is opened; `onEnd` is called first. */
export function drainOnInterrupt(servers: readonly Server[], onEnd: () => void): void {
  const open = new Set<Socket>();
  for (const channel of ['net.client.socket', 'net.server.socket']) {
    subscribe(channel, (message) => {
      const { socket } = message as { readonly socket: Socket };
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    });
  }
  process.once('SIGINT', () => {
    onEnd();
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  });
}
