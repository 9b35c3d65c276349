/** Connections to the upstream that read into pooled buffers and are kept for reuse, the last one used first. */
import type { Socket } from 'node:net';
import type { AnswerHead } from './answer-head.js';
import { AnswerParser } from './answer-parser.js';
import type { BufferPool, PooledBuffer } from './buffer-pool.js';
import { type Address, formatAddress } from './options.js';
import { connectPooled } from './pooled-reader.js';

/** What is made of one answer. */
export interface AnswerHandler {
  onHead(head: AnswerHead): void;
  /** [start, end) of the buffer belongs to the body. Returns false to be sent no more until the socket is resumed. */
  onBody(buffer: PooledBuffer, start: number, end: number): boolean;
  onEnd(trailers: string[]): void;
  /** The answer will not be completed; nothing else is called after this. */
  onFailure(error: Error): void;
}

export interface UpstreamConnection {
  readonly socket: Socket;
  /** True once an answer has come on it. */
  isReused(): boolean;
  /** Has it carry one request of this method; the request itself is written to the socket. */
  begin(method: string, handler: AnswerHandler): void;
  /** Closes it, and calls the handler no more. */
  abandon(): void;
}

export interface UpstreamConnections {
  /** A kept connection, or else a new one, which counts as a dial. */
  take(): UpstreamConnection;
  /** Gives one back whose answer is complete and whose request was sent to its end. */
  keep(connection: UpstreamConnection): void;
}

export function createUpstreamConnections(
  upstream: Address,
  mostIdle: number,
  buffers: BufferPool,
  onDial: () => void,
): UpstreamConnections {
  const idle: UpstreamConnection[] = [];
  return {
    take() {
      for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
        if (!kept.socket.destroyed && kept.socket.writable) return kept;
      }
      onDial();
      const dialled = dial(upstream, buffers);
      dialled.socket.once('close', () => {
        const index = idle.indexOf(dialled);
        if (index !== -1) idle.splice(index, 1);
      });
      return dialled;
    },
    keep(connection) {
      if (idle.length < mostIdle) idle.push(connection);
      else connection.abandon();
    },
  };
}

function dial(upstream: Address, buffers: BufferPool): UpstreamConnection {
  const parser = new AnswerParser();
  let handler: AnswerHandler | null = null;
  let reading: PooledBuffer | null = null;
  let wantsMore = true;
  let answers = 0;

  const fail = (error: Error) => {
    const failed = handler;
    handler = null;
    socket.destroy();
    failed?.onFailure(error);
  };
  const asError = (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));
  const sink = {
    onHead: (head: AnswerHead) => handler?.onHead(head),
    onBody: (start: number, end: number) => {
      if (reading !== null && handler !== null) wantsMore = handler.onBody(reading, start, end) && wantsMore;
    },
    onEnd: (trailers: string[]) => {
      const ended = handler;
      handler = null;
      answers++;
      wantsMore = true;
      ended?.onEnd(trailers);
    },
  };
  const socket = connectPooled(upstream, buffers, false, (buffer, count) => {
    reading = buffer;
    wantsMore = true;
    try {
      parser.read(buffer.bytes, count);
    } catch (error) {
      fail(asError(error));
    }
    reading = null;
    return wantsMore;
  });
  socket.on('error', fail);
  socket.on('end', () => {
    try {
      parser.end();
    } catch (error) {
      fail(asError(error));
    }
  });
  socket.on('close', () => fail(new Error(`${formatAddress(upstream)} closed the connection`)));

  return {
    socket,
    isReused: () => answers > 0,
    begin(method, next) {
      handler = next;
      parser.expect(method, sink);
    },
    abandon() {
      handler = null;
      socket.destroy();
    },
  };
}
