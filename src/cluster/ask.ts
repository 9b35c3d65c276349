/** One request to a variant by the protocol its client will speak, and its whole answer. */
import { get } from 'node:http';
import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import type { WorkloadProtocol } from '../variants/index.js';

export interface Answer {
  readonly status: number;
  /** `1.1` or `2`. */
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Header that ends an answer of gRPC; zero is success (gRPC over HTTP/2, "Responses"). */
const GRPC_STATUS = 'grpc-status';
/** A message of no bytes: a flag byte and a length of four. */
const EMPTY_GRPC_MESSAGE = Buffer.alloc(5);

/**
 * Asks `address` (`host:port`) for `path` on a connection of its own. gRPC asks the method that `path` names, with an
 * empty message, and its trailers are among the headers. Rejects when no whole answer came within `limitMs`.
 */
export function ask(
  address: string,
  protocol: WorkloadProtocol,
  path: string,
  limitMs: number,
): Promise<Answer> {
  return protocol === 'h2' || protocol === 'grpc'
    ? askHttp2(address, protocol, path, limitMs)
    : askHttp1(address, path, limitMs);
}

function askHttp1(address: string, path: string, limitMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(`http://${address}${path}`, { agent: false, timeout: limitMs }, (response) => {
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
  });
}

function askHttp2(address: string, protocol: 'h2' | 'grpc', path: string, limitMs: number): Promise<Answer> {
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
    const stream = session.request({ ':path': path, ...(protocol === 'grpc' ? grpc : {}) });
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
    stream.end(protocol === 'grpc' ? EMPTY_GRPC_MESSAGE : undefined);
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
