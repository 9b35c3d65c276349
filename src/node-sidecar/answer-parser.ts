/** Reads HTTP/1.1 answers from pieces of bytes as they come, without copying bodies. One parser for one connection. */
import { type AnswerHead, ProtocolError, parseAnswerHead, parseFields } from './answer-head.js';

/** Longest head, and longest trailers. */
const HEAD_LIMIT_BYTES = 64 * 1024;
const CHUNK_LINE_LIMIT_BYTES = 4096;
const CHUNK_LINE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

export interface AnswerSink {
  /** The head of the final answer; interim ones are dropped. */
  onHead(head: AnswerHead): void;
  /** The next piece of the body is [start, end) of the bytes being read. */
  onBody(start: number, end: number): void;
  /** The answer is complete. `trailers` is flat. */
  onEnd(trailers: string[]): void;
}

type State = 'idle' | 'head' | 'length' | 'close' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers';

export class AnswerParser {
  #state: State = 'idle';
  #method = 'GET';
  #sink: AnswerSink | null = null;
  /** Bytes of the body or of the chunk that are still to come. */
  #left = 0;
  /** Start of a head or line whose end has not come yet. */
  #carried: Buffer | null = null;

  /** Expects one answer to a request of this method. */
  expect(method: string, sink: AnswerSink): void {
    this.#state = 'head';
    this.#method = method;
    this.#sink = sink;
    this.#carried = null;
  }

  /** Reads bytes[0, count). Throws ProtocolError when they are not HTTP, or more than what was expected. */
  read(bytes: Buffer, count: number): void {
    let at = 0;
    while (at < count) at = this.#step(bytes, at, count);
  }

  /** The connection has ended. Throws ProtocolError when that was too early. */
  end(): void {
    if (this.#state === 'close') this.#finish([]);
    else if (this.#state !== 'idle') throw new ProtocolError('the connection ended within it');
  }

  #step(bytes: Buffer, at: number, count: number): number {
    switch (this.#state) {
      case 'idle':
        throw new ProtocolError('more came than one answer');
      case 'head':
        return this.#readHead(bytes, at, count);
      case 'length':
      case 'chunk': {
        const end = Math.min(count, at + this.#left);
        this.#left -= end - at;
        this.#sink?.onBody(at, end);
        if (this.#left === 0) {
          if (this.#state === 'chunk') this.#state = 'chunk-end';
          else this.#finish([]);
        }
        return end;
      }
      case 'close':
        this.#sink?.onBody(at, count);
        return count;
      case 'chunk-end': {
        const found = this.#take(bytes, at, count, LINE_END, LINE_END.length);
        if (found === null) return count;
        if (found.text !== '') throw new ProtocolError('a chunk is longer than it says');
        this.#state = 'chunk-line';
        return found.next;
      }
      case 'chunk-line': {
        const found = this.#take(bytes, at, count, LINE_END, CHUNK_LINE_LIMIT_BYTES);
        if (found === null) return count;
        const match = CHUNK_LINE.exec(found.text);
        if (match?.[1] === undefined) throw new ProtocolError('the size of a chunk is no number');
        this.#left = Number.parseInt(match[1], 16);
        this.#state = this.#left === 0 ? 'trailers' : 'chunk';
        return found.next;
      }
      case 'trailers':
        return this.#readTrailers(bytes, at, count);
    }
  }

  #readHead(bytes: Buffer, at: number, count: number): number {
    const found = this.#take(bytes, at, count, HEAD_END, HEAD_LIMIT_BYTES);
    if (found === null) return count;
    const head = parseAnswerHead(found.text, this.#method);
    if (head.status === 101) throw new ProtocolError('it switches protocols, which nobody asked for');
    if (head.status < 200) return found.next;
    const { framing } = head;
    if (typeof framing === 'number') {
      this.#left = framing;
      this.#state = 'length';
    } else if (framing === 'chunked') this.#state = 'chunk-line';
    else this.#state = 'close';
    this.#sink?.onHead(head);
    if (framing === 'none') this.#finish([]);
    return found.next;
  }

  #trailers: string[] = [];

  #readTrailers(bytes: Buffer, at: number, count: number): number {
    const found = this.#take(bytes, at, count, LINE_END, HEAD_LIMIT_BYTES);
    if (found === null) return count;
    if (found.text === '') {
      const trailers = this.#trailers;
      this.#trailers = [];
      this.#finish(trailers);
    } else {
      this.#trailers.push(...parseFields(found.text));
      if (this.#trailers.length > 256) throw new ProtocolError('it has too many trailers');
    }
    return found.next;
  }

  /** The text before the mark and where to read on, or null, with what there is put by, when the mark has not come. */
  #take(
    bytes: Buffer,
    at: number,
    count: number,
    mark: Buffer,
    limit: number,
  ): { readonly text: string; readonly next: number } | null {
    const carried = this.#carried;
    if (carried === null) {
      const end = bytes.indexOf(mark, at);
      // A pooled buffer still holds what was read before, behind what was read now.
      if (end !== -1 && end + mark.length <= count) {
        if (end - at > limit) throw new ProtocolError('a part of its head is too long');
        return { text: bytes.toString('latin1', at, end), next: end + mark.length };
      }
      this.#carry(bytes.subarray(at, count), limit + mark.length);
      return null;
    }
    const joined = Buffer.concat([carried, bytes.subarray(at, count)]);
    const end = joined.indexOf(mark, Math.max(0, carried.length - mark.length + 1));
    if (end === -1) {
      this.#carry(joined, limit + mark.length);
      return null;
    }
    if (end > limit) throw new ProtocolError('a part of its head is too long');
    this.#carried = null;
    return { text: joined.toString('latin1', 0, end), next: at + end + mark.length - carried.length };
  }

  #carry(bytes: Buffer, limit: number): void {
    if (bytes.length > limit) throw new ProtocolError('a part of its head is too long');
    this.#carried = Buffer.from(bytes);
  }

  #finish(trailers: string[]): void {
    const sink = this.#sink;
    this.#state = 'idle';
    this.#sink = null;
    sink?.onEnd(trailers);
  }
}
