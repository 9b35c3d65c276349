/** Standing up proxies of the user's own: one for each sidecar of the path, from its end to its beginning. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { CoreSplit, CounterSource, ProcessHost } from '../host/index.js';
import {
  type CustomSettings,
  filledIn,
  type Placeholder,
  placeholdersIn,
  type VariantSpec,
} from '../variants/index.js';
import type { Authority } from './certificates.js';
import { freePort } from './free-port.js';
import { accepts } from './readiness.js';
import { deathOf, type Placement, type Server, ServerStartError } from './servers.js';

type CustomForm = Extract<VariantSpec['form'], { type: 'custom' }> & {
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
  form: CustomForm,
  end: string,
  placementOf: (index: number) => Placement,
  servers: Server[],
): Promise<string> {
  const { command, settings, roles, directory } = form;
  const { env, metrics } = settings;
  const told = new Set([...command, ...Object.values(env)].flatMap(placeholdersIn));
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
      env: { ...placement.env, ...filledEnvironment(env, fill) },
    });
    const admin: CounterSource | null =
      metrics === null ? null : { type: 'prometheus', url: fill(metrics.url), metrics: metrics.map };
    const server: Server = { role, process, address: values.listen, admin };
    servers.push(server);
    const at = told.has('admin') || told.has('adminPort') ? values.admin : values.listen;
    await waitUntilReady(server, settings.ready, at);
    upstream = values.listen;
  }
  return upstream;
}

function filledEnvironment(
  env: CustomSettings['env'],
  fill: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [name, fill(text)]));
}

async function valuesFor(
  ground: CustomGround,
  role: string,
  host: string,
  upstream: string,
  told: ReadonlySet<string>,
): Promise<Record<Placeholder, string>> {
  const secured = ['certificate', 'key', 'ca'].some((name) => told.has(name));
  const identity = secured ? await ground.authority.identityOf(role, 'ecdsa') : null;
  mkdirSync(ground.foreignDirectory, { recursive: true });
  const listenPort = String(await freePort());
  const adminPort = String(await freePort());
  const colon = upstream.lastIndexOf(':');
  return {
    listen: `${host}:${listenPort}`,
    listenHost: host,
    listenPort,
    upstream,
    upstreamHost: upstream.slice(0, colon),
    upstreamPort: upstream.slice(colon + 1),
    admin: `${host}:${adminPort}`,
    adminPort,
    certificate: identity?.certificateFile ?? '',
    key: identity?.keyFile ?? '',
    ca: identity?.authorityFile ?? '',
    directory: told.has('directory') ? mkdtempSync(join(ground.foreignDirectory, `custom-${role}-`)) : '',
    role,
  };
}

/** Throws ServerStartError when the proxy ends, or is not ready in 15 s. */
async function waitUntilReady(server: Server, ready: CustomSettings['ready'], at: string): Promise<void> {
  if (ready.type === 'answer') return;
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'it takes no connections';
  while (Date.now() < deadline) {
    const death = deathOf([server]);
    if (death !== null) throw new ServerStartError(death);
    if (ready.type === 'tcp') {
      if (await accepts(server.address, ATTEMPT_LIMIT_MS)) return;
    } else {
      const status = await statusOf(`http://${at}${ready.path}`);
      if (status === ready.status) return;
      last = `${ready.path} answers ${status ?? 'nothing'}, not ${ready.status}`;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new ServerStartError(`${server.role} was not ready in ${READY_LIMIT_MS / 1000} s: ${last}`);
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
