/** A client of HTTP/1.1 that tells everything of an answer. */
import { createHash } from 'node:crypto';
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly bytes: number;
  readonly digest: string;
  readonly body: string;
}

export interface Ask {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: readonly (Buffer | string)[];
  readonly trailers?: Record<string, string>;
  readonly agent?: Agent;
}

/** Performs one request. Rejects when the answer breaks off. */
export function ask({
  port,
  method = 'GET',
  path = '/',
  headers = {},
  body = [],
  trailers,
  agent,
}: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: agent ?? false },
      (response) => {
        const hash = createHash('sha256');
        let bytes = 0;
        let text = '';
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          bytes += chunk.length;
          if (bytes < 10_000) text += chunk.toString('latin1');
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            trailers: response.trailers,
            bytes,
            digest: hash.digest('hex'),
            body: text,
          }),
        );
      },
    );
    outgoing.on('error', reject);
    for (const piece of body) outgoing.write(piece);
    if (trailers !== undefined) outgoing.addTrailers(trailers);
    outgoing.end();
  });
}
