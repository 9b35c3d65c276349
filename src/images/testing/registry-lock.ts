/** How the test registry asks who somebody is. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Lock {
  /** By user and password with each request, or by a token that is had for them. */
  readonly by: 'basic' | 'token';
  readonly user: string;
  readonly password: string;
  /** Where tokens are had, in place of the registry itself. */
  readonly realm?: string;
  /** How many requests a token is good for. */
  readonly tokenRequests?: number;
}

const uses = new Map<string, number>();
let tokens = 0;

/** Whether a request may pass; one that may not has been answered. */
export function letsIn(
  lock: Lock | undefined,
  path: string,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (lock === undefined) return true;
  const { authorization = '' } = request.headers;
  if (lock.by === 'basic') {
    if (authorization === basic(lock)) return true;
    response.setHeader('www-authenticate', 'Basic realm="test"');
  } else {
    const left = uses.get(authorization) ?? 0;
    uses.set(authorization, left - 1);
    if (left > 0) return true;
    const realm = lock.realm ?? `http://${host}/token`;
    const [, repository = ''] = /^\/v2\/(.+?)\/(?:blobs|manifests)\//.exec(path) ?? [];
    response.setHeader(
      'www-authenticate',
      `Bearer realm="${realm}",service="test",scope="repository:${repository}:pull,push"`,
    );
  }
  request.resume();
  // A registry that repeats what it was told must not have it printed.
  refuse(response, 401, 'UNAUTHORIZED', `not by ${authorization} nor ${decoded(authorization)}`);
  return false;
}

/** Gives a token for the right user and password, for pushing to one repository of this registry. */
export function tokenFor(
  lock: Lock | undefined,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const right = lock !== undefined && request.headers.authorization === basic(lock);
  const asked = query.get('service') === 'test' && /^repository:.+:pull,push$/.test(query.get('scope') ?? '');
  if (!right || !asked) {
    refuse(response, 401, 'UNAUTHORIZED', `not by ${decoded(request.headers.authorization ?? '')}`);
    return;
  }
  tokens += 1;
  const token = `token-number-${tokens}`;
  uses.set(`Bearer ${token}`, lock.tokenRequests ?? Number.POSITIVE_INFINITY);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
}

/** Ends a request as the specification has faults told. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function basic({ user, password }: Lock): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function decoded(authorization: string): string {
  return Buffer.from(authorization.replace(/^\S+ /, ''), 'base64').toString('utf8');
}
