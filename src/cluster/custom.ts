/** Standing up proxies of the user's own: one for each sidecar of the path, from its end to its beginning. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { CoreSplit, CounterSource, ProcessHost } from '../host/index.js';
import {
  type CustomSettings,
  filledEnvironment,
  filledIn,
  type Placeholder,
  placeholdersTold,
  tellsIdentity,
  type VariantSpec,
} from '../variants/index.js';
import type { Authority, Identity } from './certificates.js';
import { freePort } from './free-port.js';
import { accepts } from './readiness.js';
import { deathOf, type Placement, type Server, ServerStartError } from './servers.js';

export type CustomForm = Extract<VariantSpec['form'], { type: 'custom' }>;

/** As it is started here. */
type StartedForm = CustomForm & {
  /** Folder that its proxies start in; null for the harness's own. */
  readonly directory: string | null;
};

/** What of the run's ground such proxies stand on. */
interface CustomGround {
  readonly host: ProcessHost;
  readonly split: CoreSplit;
  readonly nodes: { readonly near: { readonly host: string }; readonly far: { readonly host: string } };
  readonly authority: Authority;
  /** Folder for what proxies of others read and write. */
  readonly foreignDirectory: string;
}

const READY_LIMIT_MS = 15_000;
const RETRY_MS = 20;
const ATTEMPT_LIMIT_MS = 1000;

/** Appends each proxy to `servers` as soon as it is started, and returns the first one's address. Throws ServerStartError. */
export async function standUpCustom(
  ground: CustomGround,
  form: StartedForm,
  end: string,
  placementOf: (index: number) => Placement,
  servers: Server[],
): Promise<string> {
  const { command, settings, roles, directory } = form;
  const { env, metrics } = settings;
  const told = placeholdersTold(command, env);
  let upstream = end;
  for (const [index, role] of [...roles.entries()].reverse()) {
    const host = index === 0 ? ground.nodes.near.host : ground.nodes.far.host;
    const values = await valuesFor(ground, role, host, upstream, told);
    const fill = (text: string) => filledIn(text, values);
    const placement = placementOf(index);
    const process = ground.host.start({
      argv: command.map(fill),
      ...placement,
      directory,
      env: { ...placement.env, ...filledEnvironment(env, values) },
    });
    const admin: CounterSource | null =
      metrics === null ? null : { type: 'prometheus', url: fill(metrics.url), metrics: metrics.map };
    const server: Server = { role, process, pid: process.pid, address: values.listen, admin };
    servers.push(server);
    if (settings.ready.type !== 'answer') {
      const at = isAskedAtAdmin(told) ? values.admin : values.listen;
      await waitUntilReady(role, settings.ready, { listen: values.listen, at }, () => deathOf([server]));
    }
    upstream = values.listen;
  }
  return upstream;
}

async function valuesFor(
  ground: CustomGround,
  role: string,
  host: string,
  upstream: string,
  told: ReadonlySet<string>,
): Promise<Record<Placeholder, string>> {
  const identity = tellsIdentity(told) ? await ground.authority.identityOf(role, 'ecdsa') : null;
  mkdirSync(ground.foreignDirectory, { recursive: true });
  return placeholderValues({
    role,
    ...{ listenHost: host, listenPort: await freePort(), adminHost: host, adminPort: await freePort() },
    upstream,
    identity,
    directory: told.has('directory') ? mkdtempSync(join(ground.foreignDirectory, `custom-${role}-`)) : '',
  });
}

interface CustomPlace {
  readonly role: string;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** `host:port`. */
  readonly upstream: string;
  readonly identity: Identity | null;
  readonly directory: string;
}

/** What each placeholder stands for in a proxy's place. */
export function placeholderValues(place: CustomPlace): Record<Placeholder, string> {
  const { role, listenHost, listenPort, adminHost, adminPort, upstream, identity, directory } = place;
  const colon = upstream.lastIndexOf(':');
  return {
    listen: `${listenHost}:${listenPort}`,
    listenHost,
    listenPort: String(listenPort),
    upstream,
    upstreamHost: upstream.slice(0, colon),
    upstreamPort: upstream.slice(colon + 1),
    admin: `${adminHost}:${adminPort}`,
    adminPort: String(adminPort),
    certificate: identity?.certificateFile ?? '',
    key: identity?.keyFile ?? '',
    ca: identity?.authorityFile ?? '',
    directory,
    role,
  };
}

/** Whether the proxy is told of an admin port, which is then the one that is asked whether it is ready. */
export function isAskedAtAdmin(told: ReadonlySet<string>): boolean {
  return told.has('admin') || told.has('adminPort');
}

/**
 * Waits until a proxy takes connections at `listen`, or answers at `at` what it is to answer. Throws ServerStartError when it
 * ends, or is not ready in 15 s.
 */
export async function waitUntilReady(
  role: string,
  ready: Exclude<CustomSettings['ready'], { type: 'answer' }>,
  { listen, at }: { readonly listen: string; readonly at: string },
  death: () => string | null,
): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'it takes no connections';
  while (Date.now() < deadline) {
    const dead = death();
    if (dead !== null) throw new ServerStartError(dead);
    if (ready.type === 'tcp') {
      if (await accepts(listen, ATTEMPT_LIMIT_MS)) return;
    } else {
      const status = await statusOf(`http://${at}${ready.path}`);
      if (status === ready.status) return;
      last = `${ready.path} answers ${status ?? 'nothing'}, not ${ready.status}`;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new ServerStartError(`${role} was not ready in ${READY_LIMIT_MS / 1000} s: ${last}`);
}

function statusOf(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ATTEMPT_LIMIT_MS }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? null));
      response.on('error', () => resolve(null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}
