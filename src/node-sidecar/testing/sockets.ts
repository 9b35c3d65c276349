/** Plain sockets that say exactly the bytes they are told to, for peers that break rules. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface RawServer {
  readonly port: number;
  /** Everything received, over all connections, as latin1. */
  received(): string;
  /** Connections accepted so far. */
  accepted(): number;
  close(): Promise<void>;
}

/** A server that hands each connection to `onConnection`, and remembers what it was sent. */
export async function rawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  let received = '';
  let accepted = 0;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    onConnection(socket);
  });
  const port = await listening(server);
  return {
    port,
    received: () => received,
    accepted: () => accepted,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server that answers each request head (and whatever body comes with it) with these bytes. */
export function answering(bytes: string | Buffer, then: (socket: Socket) => void = () => undefined) {
  return rawServer((socket) => {
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      if (!seen.includes('\r\n\r\n')) return;
      seen = '';
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => then(socket));
    });
  });
}

export function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** How a connection ended: in good order, or by a reset. */
export interface Heard {
  readonly text: string;
  readonly reset: boolean;
}

/** Sends bytes and listens until the other side ends the connection, or until `until` is true of what has come. */
export function say(
  port: number,
  bytes: string,
  until: (text: string) => boolean = () => false,
): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let reset = false;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (until(text)) socket.destroy();
    });
    socket.on('error', () => {
      reset = true;
    });
    socket.on('close', () => resolve({ text, reset }));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

/** Waits until something holds, up to 5 s. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('did not come true within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
