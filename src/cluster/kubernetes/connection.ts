/** The way to a cluster: which one it is, who we are there, and how its refusals are told. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiException, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { EnvironmentFault } from '../../host/index.js';
import { ServerStartError } from '../servers.js';

export interface Connection {
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  /** Name of the kubeconfig's context. */
  readonly context: string;
  readonly server: string;
}

/** Where the user says that the cluster is; null for what kubectl would take. */
export interface ConnectionOptions {
  readonly kubeconfig: string | null;
  readonly context: string | null;
}

/** How long the API server may be away or busy before that is a fault. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/** Reads the kubeconfig; asks nothing of the cluster yet. Throws CLUSTER. */
export function connectTo({ kubeconfig, context }: ConnectionOptions): Connection {
  const config = new KubeConfig();
  try {
    if (kubeconfig === null) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const where = kubeconfig ?? 'the kubeconfig';
    const why = kubeconfig !== null && !existsSync(kubeconfig) ? 'there is no such file' : reasonOf(error);
    throw new EnvironmentFault('CLUSTER', `${where} cannot be read: ${why}`);
  }
  const known = config.getContexts().map(({ name }) => name);
  if (context !== null) {
    if (!known.includes(context)) {
      throw new EnvironmentFault(
        'CLUSTER',
        `the kubeconfig has no context ${context}; it has ${known.join(', ') || 'none'}`,
      );
    }
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || (kubeconfig === null && config.getCurrentContext() === 'loaded-context')) {
    throw new EnvironmentFault(
      'CLUSTER',
      'there is no kubeconfig: set KUBECONFIG, or name one by `cluster.kubeconfig` or --kubeconfig',
    );
  }
  return { config, core: config.makeApiClient(CoreV1Api), context: config.getCurrentContext(), server };
}

/**
 * Asks the API server, again while it is away (no connection, 5xx) or busy (429), with growing pauses that its Retry-After
 * overrides. `doing` says what for, such as `create the pod x`. Throws CLUSTER, and
 * ServerStartError where `call` does.
 */
export async function patiently<Result>(
  { server }: Pick<Connection, 'server'>,
  doing: string,
  call: () => Promise<Result>,
  patienceMs: number = PATIENCE_MS,
): Promise<Result> {
  const deadline = Date.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      // What one variant cannot have is no fault of the cluster's.
      if (error instanceof ServerStartError) throw error;
      const passes = mayPass(error);
      const waitMs = retryAfterMs(error) ?? pauseMs;
      if (!passes || Date.now() + waitMs > deadline) throw clusterFault(server, doing, error);
      await sleep(waitMs);
    }
  }
}

/** The HTTP status that the API server answered with; null where there was no answer. */
export function statusOf(error: unknown): number | null {
  return error instanceof ApiException ? error.code : null;
}

function mayPass(error: unknown): boolean {
  const status = statusOf(error);
  if (status === null) return isNoConnection(error);
  if (status === 403) return messageOf(error).includes('status unknown for quota');
  return status === 429 || status >= 500;
}

/** Codes of sockets that could not be had or were lost: errno(3), and what Node's client adds. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

function isNoConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return NO_CONNECTION.has(code) || (error instanceof Error && error.message.includes('socket hang up'));
}

function retryAfterMs(error: unknown): number | null {
  if (!(error instanceof ApiException)) return null;
  const headers = error.headers as Readonly<Record<string, string>>;
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** One sentence of why the cluster did not do it, and what would mend it. */
export function clusterFault(server: string, doing: string, error: unknown): EnvironmentFault {
  if (error instanceof EnvironmentFault) return error;
  const status = statusOf(error);
  const said = messageOf(error);
  const could = `could not ${doing}`;
  if (status === null && !isNoConnection(error)) return new EnvironmentFault('CLUSTER', `${could}: ${said}`);
  switch (status) {
    case null:
      return new EnvironmentFault(
        'CLUSTER',
        `${could}: the API server ${server} cannot be reached (${said})`,
      );
    case 401:
      return new EnvironmentFault(
        'CLUSTER',
        `${could}: ${server} does not know who asks; the credentials of the kubeconfig have expired or are another cluster’s`,
      );
    case 403:
      return new EnvironmentFault(
        'CLUSTER',
        `${could}: ${said}${said.includes('cannot') ? '; the roles that are needed are in infra/kubernetes' : ''}`,
      );
    default:
      return new EnvironmentFault('CLUSTER', `${could}: ${said} (status ${status})`);
  }
}

/** What the API server said, or what happened to the connection. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiException)) return reasonOf(error);
  const { body }: { body: unknown } = error;
  const parsed: unknown = typeof body === 'string' ? tryJson(body) : body;
  if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  return typeof body === 'string' && body !== '' ? body.trim() : error.message;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
