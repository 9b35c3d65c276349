/** The parser of the upstream's answers: however its bytes are cut, and whatever they are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './answer-head.js';
import { AnswerParser } from './answer-parser.js';

interface Read {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly keepAlive: boolean;
  readonly ended: boolean;
}

/** Reads the pieces one by one from one reused buffer, as a connection does, whose rest is full of what could mislead. */
function read(pieces: readonly Buffer[], method = 'GET', connectionEnds = false): Read {
  const parser = new AnswerParser();
  const shared = Buffer.alloc(4096, '\r\n');
  const seen = {
    status: 0,
    rawHeaders: [] as string[],
    body: '',
    trailers: [] as string[],
    keepAlive: false,
    ended: false,
  };
  parser.expect(method, {
    onHead: ({ status, rawHeaders, keepAlive }) => Object.assign(seen, { status, rawHeaders, keepAlive }),
    onBody: (start, end) => {
      expect(end).toBeGreaterThan(start);
      seen.body += shared.toString('latin1', start, end);
    },
    onEnd: (trailers) => Object.assign(seen, { trailers, ended: true }),
  });
  for (const piece of pieces) {
    shared.fill('\r\n');
    piece.copy(shared);
    parser.read(shared, piece.length);
  }
  if (connectionEnds) parser.end();
  return seen;
}

function cut(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const ANSWERS = {
  'with a length': [
    'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A:\t b c \r\n\r\nhello\r\nyou!',
    'hello\r\nyou!',
  ],
  'with chunks': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n6;a="b"\r\n\r\nyou!\r\n000\r\nX-T: t\r\n\r\n',
    'hello\r\nyou!',
  ],
  'without a body': ['HTTP/1.1 304 Not Modified\r\nContent-Length: 11\r\n\r\n', ''],
  'after two interim ones': [
    'HTTP/1.1 100\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx',
    'x',
  ],
} as const;

describe('the answer parser', () => {
  it.each(Object.entries(ANSWERS))('reads an answer %s the same however it is cut', (_what, [text, body]) => {
    const whole = read([Buffer.from(text, 'latin1')]);
    expect(whole).toMatchObject({ body, ended: true, keepAlive: true });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        expect(read(cut(text, sizes))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('reads to the end of the connection where there is no other end', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nhello';
    expect(read(cut(text, [3]), 'GET', true)).toMatchObject({ body: 'hello', ended: true, keepAlive: false });
    expect(read(cut(text, [3]))).toMatchObject({ body: 'hello', ended: false });
  });

  it('expects no body after HEAD, whatever the head says', () => {
    expect(read([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')], 'HEAD').ended).toBe(
      true,
    );
  });

  it.each([
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: enclosed\r\n\r\n', true],
  ])('tells from %j whether the connection is kept', (text, keepAlive) => {
    expect(read([Buffer.from(text)]).keepAlive).toBe(keepAlive);
  });

  it.each([
    'HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    'http/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 099 No\r\n\r\n',
    'HTTP/1.1 600 No\r\n\r\n',
    'HTTP/1.1 200 O\x01K\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n',
    'HTTP/1.1 200 OK\r\n X-A: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A: b\r\n\tc\r\n\r\n',
    'HTTP/1.1 200 OK\r\n: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A: b\rContent-Length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX T: t\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\nhello',
  ])('refuses %j, whole and byte by byte', (text) => {
    expect(() => read([Buffer.from(text, 'latin1')])).toThrow(ProtocolError);
    expect(() => read(cut(text, [1]))).toThrow(ProtocolError);
  });

  it('bounds what it puts by for a head, a chunk line and trailers that never end', () => {
    const endless = (start: string) => {
      const pieces = [Buffer.from(start)];
      for (let piece = 0; piece < 40; piece++) pieces.push(Buffer.alloc(4000, 'a'));
      return () => read(pieces);
    };
    expect(endless('HTTP/1.1 200 OK\r\nX-A: ')).toThrow('too long');
    expect(endless('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;')).toThrow('too long');
    expect(endless('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ')).toThrow('too long');
  });

  it('throws nothing but ProtocolError and comes to the same end, whatever it is sent', () => {
    const fragment = fc.oneof(
      fc.constantFrom(
        'HTTP/1.1 200 OK\r\n',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Connection: close\r\n',
        '\r\n',
        '3\r\nabc\r\n',
        '0\r\n',
        'HTTP/1.1 103 x\r\n\r\n',
        '\r',
        '\n',
        ':',
      ),
      fc.string({ maxLength: 6, unit: 'binary-ascii' }),
    );
    const outcome = (pieces: readonly Buffer[], method: string) => {
      try {
        return read(pieces, method, true);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        return 'refused';
      }
    };
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 12 }),
        fc.constantFrom('GET', 'HEAD'),
        fc.integer({ min: 1, max: 30 }),
        (fragments, method, size) => {
          const text = fragments.join('');
          expect(outcome(cut(text, [size]), method)).toEqual(outcome([Buffer.from(text, 'latin1')], method));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
