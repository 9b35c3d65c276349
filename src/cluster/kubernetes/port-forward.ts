/** A port of a pod, the pod's loopback included, as a port of this machine's loopback. */
import { createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import type { Connection } from './connection.js';

export interface ForwardedPort {
  /** `host:port` of this machine. */
  readonly address: string;
  /** Why the last connection that failed did; null while none has. */
  fault(): string | null;
  close(): Promise<void>;
}

/** Every connection to the address is one to the pod's port, through the API server. */
export function forwardPort(
  { config }: Connection,
  namespace: string,
  pod: string,
  port: number,
): Promise<ForwardedPort> {
  const sockets = new Set<Socket>();
  let fault: string | null = null;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A caller that gives up is no fault of ours.
    socket.on('error', () => socket.destroy());
    const errors = new PassThrough().on('data', (said: Buffer) => {
      fault = said.toString('utf8').trim() || fault;
      socket.destroy();
    });
    new PortForward(config).portForward(namespace, pod, [port], socket, errors, socket).then(
      (opened) => {
        if (typeof opened === 'function') return;
        opened.on('error', () => socket.destroy());
        opened.on('close', () => socket.end());
        if (socket.destroyed) opened.close();
        else socket.on('close', () => opened.close());
      },
      (error: unknown) => {
        fault = faultOf(error, namespace);
        socket.destroy();
      },
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') {
        reject(new Error('loopback gave no port'));
        return;
      }
      resolve({
        address: `127.0.0.1:${bound.port}`,
        fault: () => fault,
        close: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}

/** The library tells a refused upgrade by its status alone. */
function faultOf(error: unknown, namespace: string): string {
  const said =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return said.includes('403')
    ? `who asks cannot get or create pods/portforward in the namespace "${namespace}"; the roles that are needed are in infra/kubernetes`
    : said;
}
