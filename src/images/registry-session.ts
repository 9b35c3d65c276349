/** Requests to one repository of a registry: who asks (RFC 7235, RFC 7617 and Docker's token protocol), and what came of it. */
import { z } from 'zod';
import type { Credentials } from './credentials.js';
import type { ImageName } from './image-name.js';
import { INDEX_TYPE, MANIFEST_TYPE } from './oci-image.js';
import { RegistryBusy, RegistryFault } from './registry-fault.js';

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** What a registry says of a fault, without secrets; empty otherwise. */
  readonly said: string;
}

export interface RegistryRequest {
  readonly method: 'HEAD' | 'POST' | 'PUT';
  /** Absolute, or below the registry's root. */
  readonly to: string;
  readonly content?: Buffer;
  readonly contentType?: string;
}

export interface RegistrySession {
  /** The address of something below the repository. */
  readonly at: (path: string) => string;
  /** Throws RegistryFault for who is not let in, RegistryBusy for what may go well later, and what `fetch` throws for a connection that fails. */
  readonly ask: (request: RegistryRequest) => Promise<RegistryAnswer>;
}

/** Time for an answer; what is sent with it, at 256 KiB/s, comes on top. */
const ANSWER_LIMIT_MS = 60_000;
const LEAST_BYTES_PER_MS = 256;
const MOST_SAID_CHARACTERS = 300;
/** Docker Hub's registry has a host of its own. */
const HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });
const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string().optional(), message: z.string().optional() })),
});

/** A session that gets in as it is asked to: not at all, by user and password, or by a token. `plainHttp` has it speak without TLS. */
export function registrySession(
  { registry, repository }: ImageName,
  credentials: Credentials | null,
  plainHttp: boolean,
): RegistrySession {
  const root = new URL(`${plainHttp ? 'http' : 'https'}://${HOSTS[registry] ?? registry}`);
  const secrets = new Set(credentials === null ? [] : [credentials.password, basic(credentials)]);
  const redacted = (text: string) =>
    [...secrets].reduce((left, secret) => (secret === '' ? left : left.replaceAll(secret, '***')), text);
  let authorization: string | null = null;

  const send = async ({ method, to, content, contentType }: RegistryRequest): Promise<Response> => {
    const url = new URL(to, root);
    const limitMs = ANSWER_LIMIT_MS + (content?.length ?? 0) / LEAST_BYTES_PER_MS;
    return fetch(url, {
      method,
      headers: {
        // Some registries hide an index from those who do not ask for one.
        accept: `${INDEX_TYPE}, ${MANIFEST_TYPE}, */*`,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        // Uploads may go to another server, which has no business with it.
        ...(authorization !== null && url.origin === root.origin ? { authorization } : {}),
      },
      ...(content === undefined ? {} : { body: new Uint8Array(content) }),
      signal: AbortSignal.timeout(Math.ceil(limitMs)),
    });
  };

  const letIn = async (refusal: Response): Promise<string> => {
    const challenge = challengeOf(refusal.headers.get('www-authenticate') ?? '');
    if (challenge.scheme === 'basic') {
      if (credentials === null) throw new RegistryFault(`${registry} asks who you are: ${HOW_TO_SAY}`);
      return `Basic ${basic(credentials)}`;
    }
    if (challenge.scheme !== 'bearer') {
      throw new RegistryFault(`${registry} asks to be let in in a way that is not known here`);
    }
    const token = await fetchToken(challenge.parameters, credentials, {
      registry,
      plainHttp,
      scope: `repository:${repository}:pull,push`,
    });
    secrets.add(token);
    return `Bearer ${token}`;
  };

  return {
    at: (path) => new URL(`/v2/${repository}/${path}`, root).href,
    ask: async (request) => {
      let response = await send(request);
      if (response.status === 401) {
        const before = authorization;
        await response.arrayBuffer();
        authorization = await letIn(response);
        // The same user and password would be refused again.
        if (authorization !== before) response = await send(request);
      }
      await throwIfBusy(response, registry);
      const said = response.status >= 400 ? await faultSaid(response, redacted) : '';
      if (response.status === 401 || response.status === 403) {
        const who =
          credentials === null
            ? `nobody in particular: ${HOW_TO_SAY}`
            : `${credentials.user}: check the password and what it may do`;
        throw new RegistryFault(
          `${registry} does not let ${repository} be pushed by ${who}${said === '' ? '' : ` (it says ${said})`}`,
        );
      }
      // What is not read keeps its connection.
      if (!response.bodyUsed) await response.arrayBuffer();
      return { status: response.status, headers: response.headers, said };
    },
  };
}

const HOW_TO_SAY =
  'give --user and --password-stdin, or have them in auths of Docker’s config.json (its helpers are not asked)';

function basic({ user, password }: Credentials): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** A challenge of RFC 7235, section 4.1: the first that can be met. */
function challengeOf(header: string): {
  readonly scheme: 'basic' | 'bearer' | null;
  readonly parameters: ReadonlyMap<string, string>;
} {
  const [, scheme = '', rest = ''] = /(?:^|,\s*)(basic|bearer)(?:\s+(.*))?$/i.exec(header) ?? [];
  const pairs = [...rest.matchAll(/([a-z]+)="([^"]*)"/gi)];
  const parameters = new Map(pairs.map(([, key = '', value = '']) => [key.toLowerCase(), value]));
  const lower = scheme.toLowerCase();
  return { scheme: lower === 'basic' || lower === 'bearer' ? lower : null, parameters };
}

/** A token by https://distribution.github.io/distribution/spec/auth/token/, of the user or, without one, of anybody. */
async function fetchToken(
  parameters: ReadonlyMap<string, string>,
  credentials: Credentials | null,
  {
    registry,
    plainHttp,
    scope,
  }: { readonly registry: string; readonly plainHttp: boolean; readonly scope: string },
): Promise<string> {
  const realm = URL.canParse(parameters.get('realm') ?? '') ? new URL(parameters.get('realm') ?? '') : null;
  if (realm === null) throw new RegistryFault(`${registry} does not say where its tokens are had`);
  if (realm.protocol !== 'https:' && !(plainHttp && realm.protocol === 'http:')) {
    throw new RegistryFault(
      `${registry} has its tokens fetched without TLS, which would tell them to anybody`,
    );
  }
  const service = parameters.get('service');
  if (service !== undefined) realm.searchParams.set('service', service);
  realm.searchParams.set('scope', scope);
  const response = await fetch(realm, {
    headers: credentials === null ? {} : { authorization: `Basic ${basic(credentials)}` },
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  await throwIfBusy(response, registry);
  if (response.status === 401 || response.status === 403) {
    await response.arrayBuffer();
    throw new RegistryFault(
      credentials === null
        ? `${registry} asks who you are: ${HOW_TO_SAY}`
        : `${registry} does not know ${credentials.user} by this password: check both`,
    );
  }
  const body = tokenSchema.safeParse(await response.json().catch(() => null));
  const token = body.success ? (body.data.token ?? body.data.access_token ?? '') : '';
  if (token === '')
    throw new RegistryFault(`${registry} gave no token (HTTP ${response.status} from ${realm.host})`);
  return token;
}

/** Codes and messages of a fault by the specification; empty where it says nothing that can be read. */
async function faultSaid(response: Response, redacted: (text: string) => string): Promise<string> {
  const body = errorsSchema.safeParse(await response.json().catch(() => null));
  if (!body.success) return '';
  const lines = body.data.errors.map(({ code = '', message = '' }) => `${code} ${message}`.trim());
  const said = redacted(lines.join('; ')).slice(0, MOST_SAID_CHARACTERS);
  return said;
}

async function throwIfBusy(response: Response, registry: string): Promise<void> {
  const { status, headers } = response;
  if (status !== 429 && status < 500) return;
  await response.arrayBuffer();
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const what = status === 429 ? 'asks for fewer requests' : 'has a fault of its own';
  throw new RegistryBusy(
    `${registry} ${what} (HTTP ${status})`,
    Number.isFinite(seconds) ? seconds * 1000 : null,
  );
}
