/**
 * Which headers of a message concern only the connection it came on, and how its body is framed on the next one.
 * Header lists are flat: name, value, name, value. What goes on is framed anew, never as the other side wrote it.
 */
import type { IncomingMessage } from 'node:http';

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that the request is given anew rather than as it came. */
const REQUEST_REWRITTEN: ReadonlySet<string> = new Set(['host', 'content-length', 'expect']);

/** Header fields that must not come in a trailer, where they would change what was already decided. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set(['content-length', 'host', 'content-encoding']);

export interface OutgoingRequest {
  readonly method: string;
  /** In origin form, or `*`. */
  readonly target: string;
  readonly headers: string[];
  readonly body: 'none' | 'length' | 'chunked';
}

/** A request that is not to be sent on, and the status it is answered with. */
export interface Refusal {
  readonly refused: 400 | 501;
}

/** The request as it goes to the upstream, whose address is the host where the client, of HTTP/1.0, named none. */
export function outgoingRequest(incoming: IncomingMessage, upstream: string): OutgoingRequest | Refusal {
  const { rawHeaders, headers: joined, method = 'GET', url = '/' } = incoming;
  const target = originForm(url);
  if (target === null || countOf(rawHeaders, 'host') > 1) return { refused: 400 };
  const coding = joined['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return { refused: 501 };
  const headers = ['Host', target.authority ?? joined.host ?? upstream];
  copyEndToEnd(rawHeaders, joined.connection, REQUEST_REWRITTEN, headers);
  if (joined.te !== undefined && /(^|[\s,])trailers($|[\s,;])/i.test(String(joined.te)))
    headers.push('TE', 'trailers');
  const length = joined['content-length'];
  if (coding !== undefined) {
    headers.push('Transfer-Encoding', 'chunked');
    return { method, target: target.path, headers, body: 'chunked' };
  }
  if (length !== undefined) headers.push('Content-Length', length);
  else if (method === 'POST' || method === 'PUT' || method === 'PATCH') headers.push('Content-Length', '0');
  return {
    method,
    target: target.path,
    headers,
    body: length === undefined || Number(length) === 0 ? 'none' : 'length',
  };
}

/** True when sending the request twice does no harm, so that one lost on a connection just closed may be sent again. */
export function isRepeatable({ method, body }: OutgoingRequest): boolean {
  return (
    body === 'none' && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE')
  );
}

/**
 * The answer's headers as they go to the client, but for its framing: a Content-Length stays, and where there is none
 * the server chooses. Trailers are announced where they can be sent.
 */
export function outgoingAnswerHeaders(rawHeaders: readonly string[], announceTrailers: boolean): string[] {
  const headers: string[] = [];
  let connection: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'connection')
      connection = join(connection, rawHeaders[index + 1]);
  }
  copyEndToEnd(rawHeaders, connection, undefined, headers);
  if (announceTrailers) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const value = rawHeaders[index + 1];
      if (rawHeaders[index]?.toLowerCase() === 'trailer' && value !== undefined)
        headers.push('Trailer', value);
    }
  }
  return headers;
}

/** Trailer fields in pairs, without those that have no place in a trailer. */
export function outgoingTrailers(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawTrailers.length; index += 2) {
    const name = rawTrailers[index] ?? '';
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !NOT_IN_TRAILERS.has(lower))
      pairs.push([name, rawTrailers[index + 1] ?? '']);
  }
  return pairs;
}

function copyEndToEnd(
  from: readonly string[],
  connection: string | undefined,
  without: ReadonlySet<string> | undefined,
  to: string[],
): void {
  const named = connection === undefined ? null : namedBy(connection);
  for (let index = 0; index + 1 < from.length; index += 2) {
    const name = from[index] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || without?.has(lower) || named?.has(lower)) continue;
    to.push(name, from[index + 1] ?? '');
  }
}

/** Headers that a Connection header declares to be this connection's. The body's length is never one of them. */
function namedBy(connection: string): ReadonlySet<string> | null {
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return null;
  const names = new Set(lower.split(',').map((name) => name.trim()));
  names.delete('content-length');
  return names;
}

function join(before: string | undefined, value: string | undefined): string {
  return before === undefined ? (value ?? '') : `${before}, ${value ?? ''}`;
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count++;
  }
  return count;
}

/** Path and query of a request target; `authority` where it was in absolute form. Null for what a proxy of one upstream cannot serve. */
function originForm(url: string): { readonly path: string; readonly authority?: string } | null {
  if (url.startsWith('/') || url === '*') return { path: url };
  const match = /^http:\/\/([^/?#@\s]+)(\/[^#]*|\?[^#]*)?$/i.exec(url);
  if (match?.[1] === undefined) return null;
  const path = match[2] ?? '/';
  return { path: path.startsWith('?') ? `/${path}` : path, authority: match[1] };
}
