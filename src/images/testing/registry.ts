/**
 * A small registry by the OCI distribution specification, on loopback: pull and push, and no digest that is not checked. It
 * keeps what it is sent in memory, remembers what it was asked, and can be told to misbehave.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../oci-image.js';
import { type Lock, letsIn, refuse, tokenFor } from './registry-lock.js';

interface Manifest {
  readonly mediaType: string;
  readonly content: Buffer;
}

export interface TestRegistry {
  /** host:port. */
  readonly host: string;
  /** `METHOD path` of each request, without its query. */
  readonly requests: readonly string[];
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly close: () => Promise<void>;
}

/** Answers in place of the registry, or leaves the request to it by returning false. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean;

interface Stored {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Manifest>;
  readonly uploads: Set<string>;
}

interface Asked {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly contentType: string;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function startRegistry(
  options: { readonly lock?: Lock; readonly misbehave?: Misbehaviour } = {},
): Promise<TestRegistry> {
  const stored: Stored = { blobs: new Map(), manifests: new Map(), uploads: new Set() };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://registry.test');
    const host = request.headers.host ?? '';
    requests.push(`${request.method} ${url.pathname}`);
    if (options.misbehave?.(request, response) === true) return;
    if (url.pathname === '/token') {
      tokenFor(options.lock, url.searchParams, request, response);
      return;
    }
    if (!letsIn(options.lock, url.pathname, host, request, response)) return;
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      try {
        const asked = {
          method: request.method ?? '',
          query: url.searchParams,
          body: Buffer.concat(parts),
          contentType: request.headers['content-type'] ?? '',
        };
        answer(stored, url.pathname, asked, response);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refuse(response, error.status, error.code, error.message);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    blobs: stored.blobs,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(stored: Stored, path: string, asked: Asked, response: ServerResponse): void {
  const [, repository, kind, rest = ''] = /^\/v2\/(.+?)\/(blobs|manifests)\/(.*)$/.exec(path) ?? [];
  if (repository === undefined) throw new Refusal(404, 'NAME_UNKNOWN', path);
  if (kind === 'manifests') {
    answerManifest(stored, rest, `/v2/${repository}`, asked, response);
  } else if (rest.startsWith('uploads/')) {
    answerUpload(stored, path, repository, asked, response);
  } else {
    const content = stored.blobs.get(rest);
    if (content === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', rest);
    send(response, asked, { content, mediaType: 'application/octet-stream' });
  }
}

function answerUpload(
  { uploads, blobs }: Stored,
  path: string,
  repository: string,
  { method, query, body, contentType }: Asked,
  response: ServerResponse,
): void {
  if (method === 'POST') {
    // Relative, and with a state of its own that must come back to the letter, as some registries have it.
    const upload = `/v2/${repository}/blobs/uploads/${uploads.size}-of-many`;
    uploads.add(upload);
    response.writeHead(202, { location: `${upload}?_state=a%2Bb%20c~`, 'content-length': 0 }).end();
    return;
  }
  if (method !== 'PUT') throw new Refusal(405, 'UNSUPPORTED', method);
  if (!uploads.delete(path) || query.get('_state') !== 'a+b c~') {
    throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', path);
  }
  const digest = query.get('digest') ?? '';
  if (contentType !== 'application/octet-stream') throw new Refusal(400, 'BLOB_UPLOAD_INVALID', contentType);
  if (digestOf(body) !== digest) throw new Refusal(400, 'DIGEST_INVALID', `${digest} is not what was sent`);
  blobs.set(digest, body);
  const location = `/v2/${repository}/blobs/${digest}`;
  response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end();
}

function answerManifest(
  { manifests, blobs }: Stored,
  reference: string,
  at: string,
  asked: Asked,
  response: ServerResponse,
): void {
  if (asked.method !== 'PUT') {
    const manifest = manifests.get(reference);
    if (manifest === undefined) throw new Refusal(404, 'MANIFEST_UNKNOWN', reference);
    send(response, asked, manifest);
    return;
  }
  const digest = digestOf(asked.body);
  if (reference.startsWith('sha256:') && reference !== digest)
    throw new Refusal(400, 'DIGEST_INVALID', reference);
  const said = JSON.parse(asked.body.toString('utf8')) as {
    mediaType: string;
    config?: { digest: string; size: number };
    layers?: { digest: string; size: number }[];
    manifests?: { digest: string; size: number }[];
  };
  if (said.mediaType !== asked.contentType) throw new Refusal(400, 'MANIFEST_INVALID', asked.contentType);
  for (const one of [...(said.config ? [said.config] : []), ...(said.layers ?? [])]) {
    if (blobs.get(one.digest)?.length !== one.size)
      throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', one.digest);
  }
  for (const one of said.manifests ?? []) {
    if (manifests.get(one.digest)?.content.length !== one.size)
      throw new Refusal(404, 'MANIFEST_UNKNOWN', one.digest);
  }
  const manifest = { content: asked.body, mediaType: said.mediaType };
  manifests.set(digest, manifest);
  manifests.set(reference, manifest);
  const location = `${at}/manifests/${digest}`;
  response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end();
}

function send(response: ServerResponse, { method }: Asked, { content, mediaType }: Manifest): void {
  if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'UNSUPPORTED', method);
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': content.length,
    'docker-content-digest': digestOf(content),
  });
  response.end(method === 'HEAD' ? undefined : content);
}
