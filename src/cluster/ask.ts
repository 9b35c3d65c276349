/** One request to a variant by the protocol its client will speak, and its whole answer. */
import { request as askOverHttp } from 'node:http';
import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { WorkloadProtocol } from '../variants/index.js';
import { askHttp3 } from './ask-http3.js';
import type { Identity } from './certificates.js';
import type { Answer, Asked } from './question.js';

/** Header that ends an answer of gRPC; zero is success (gRPC over HTTP/2, "Responses"). */
const GRPC_STATUS = 'grpc-status';
/** A message of no bytes: a flag byte and a length of four. */
const EMPTY_GRPC_MESSAGE = Buffer.alloc(5);

const PLAIN_GET: Asked = { method: 'GET', headers: {}, body: null };

/**
 * Asks `address` (`host:port`) for `path` on a connection of its own. gRPC asks the method that `path` names, with an
 * empty message, and its trailers are among the headers. Over HTTP/3 the client shows `identity`. Rejects when no whole answer came within `limitMs`.
 */
export function ask(
  address: string,
  protocol: WorkloadProtocol,
  path: string,
  limitMs: number,
  asked: Asked = PLAIN_GET,
  identity: Identity | null = null,
): Promise<Answer> {
  if (protocol === 'h3') {
    return identity === null
      ? Promise.reject(new Error('HTTP/3 needs an identity, and this client has none'))
      : askHttp3(address, path, limitMs, asked, identity);
  }
  if (protocol === 'raw') return askRaw(address, limitMs);
  return protocol === 'h2' || protocol === 'grpc'
    ? askHttp2(address, protocol, path, limitMs, asked)
    : askHttp1(address, path, limitMs, asked);
}

function askHttp1(address: string, path: string, limitMs: number, asked: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, headers } = asked;
    const options = { method, headers, agent: false, timeout: limitMs };
    const request = askOverHttp(`http://${address}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          httpVersion: response.httpVersion,
          headers: textHeaders(response.headers),
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('timeout', () => request.destroy(noAnswer(limitMs)));
    request.on('error', reject);
    request.end(asked.body ?? undefined);
  });
}

/** Bytes before the body of an answer that is no HTTP: its length, its status and two times. */
const RAW_HEAD_BYTES = 24;

/** An empty request without HTTP (infra/dataplane/internal/rawwire); a fault has status 503, as it has in HTTP. */
function askRaw(address: string, limitMs: number): Promise<Answer> {
  const separator = address.lastIndexOf(':');
  const host = address.slice(0, separator).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port: Number(address.slice(separator + 1)) });
    const timer = setTimeout(() => socket.destroy(noAnswer(limitMs)), limitMs);
    let came = Buffer.alloc(0);
    socket.on('connect', () => socket.write(Buffer.alloc(4)));
    socket.on('data', (chunk: Buffer) => {
      came = Buffer.concat([came, chunk]);
      if (came.length < RAW_HEAD_BYTES || came.length < RAW_HEAD_BYTES + came.readUInt32BE(0)) return;
      const status = came.readUInt32BE(4) === 0 ? 200 : 503;
      resolve({ status, httpVersion: 'none', headers: {}, body: came.subarray(RAW_HEAD_BYTES) });
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error('the connection ended before a whole answer came'));
    });
  });
}

function askHttp2(
  address: string,
  protocol: 'h2' | 'grpc',
  path: string,
  limitMs: number,
  asked: Asked,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    const timer = setTimeout(() => session.destroy(noAnswer(limitMs)), limitMs);
    const settle = () => {
      clearTimeout(timer);
      session.close();
    };
    session.on('error', (error) => {
      settle();
      reject(error);
    });
    const grpc = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    const named = Object.entries(asked.headers).map(([name, value]) => {
      const lower = name.toLowerCase();
      return [lower === 'host' ? ':authority' : lower, value];
    });
    const plain = { ...Object.fromEntries(named), ':method': asked.method };
    const stream = session.request({ ...(protocol === 'grpc' ? grpc : plain), ':path': path });
    collect(stream).then(
      (answer) => {
        settle();
        resolve(answer);
      },
      (error: unknown) => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
    stream.end(protocol === 'grpc' ? EMPTY_GRPC_MESSAGE : (asked.body ?? undefined));
  });
}

function collect(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let headers: Record<string, string> = {};
    const keep = (more: IncomingHttpHeaders) => {
      headers = { ...headers, ...textHeaders(more) };
    };
    stream.on('response', keep);
    stream.on('trailers', keep);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      const { ':status': status, ...rest } = headers;
      resolve({
        status: Number(status ?? 0),
        httpVersion: '2',
        headers: rest,
        body: Buffer.concat(chunks),
      });
    });
  });
}

/** True when a request was served: by status, and for gRPC by the status in its trailers. */
export function isSuccess(answer: Answer, protocol: WorkloadProtocol): boolean {
  return answer.status === 200 && (protocol !== 'grpc' || answer.headers[GRPC_STATUS] === '0');
}

function textHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function noAnswer(limitMs: number): Error {
  return new Error(`no answer in ${limitMs / 1000} s`);
}
