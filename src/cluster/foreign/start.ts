/** Standing up a proxy that people run: its files, its ports, its process. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CounterSource,
  findProgram,
  findQuickAssist,
  howToGet,
  type ProcessHost,
  type StartedProcess,
} from '../../host/index.js';
import type { Accelerator, ForeignProgram } from '../../variants/index.js';
import { freePort } from '../free-port.js';
import { accepts } from '../readiness.js';
import { deathOf, type Placement, type Server, ServerStartError } from '../servers.js';
import { type ForeignProxy, isSafePath } from './configuration.js';
import { CONFIGURE } from './configure.js';
import { HAPROXY_IDENTITY, joinedIdentity } from './haproxy.js';

/** Envoy reads 100 MB of itself before it listens; a cold disk takes its time. */
const LISTEN_LIMIT_MS = 15_000;
const RETRY_MS = 10;
const ATTEMPT_LIMIT_MS = 1000;
/** Port numbers are free when they are chosen and can be taken before they are bound. */
const ATTEMPTS = 2;

export type ForeignPlace = Omit<ForeignProxy, 'listen' | 'admin'> & { readonly host: string };

/**
 * Starts one proxy and waits until it takes connections. Throws ServerStartError when there is no such program, when it
 * ends, or when it does not listen in 15 s.
 */
export async function startForeign(
  host: ProcessHost,
  program: ForeignProgram,
  place: ForeignPlace,
  placement: Placement,
): Promise<Server> {
  const path = findProgram(program);
  if (path === null) throw new ServerStartError(`there is no ${program} here: ${howToGet(program)}`);
  if (!isSafePath(place.directory)) {
    const mend = 'use a folder without quotes, dollar signs and backslashes';
    throw new ServerStartError(
      `${place.directory} cannot be written into a configuration of ${program}; ${mend}`,
    );
  }
  for (let attempt = 1; ; attempt += 1) {
    const listen = { host: place.host, port: await freePort() };
    const admin = { host: place.host, port: await freePort() };
    const { file, text, argv, source } = CONFIGURE[program]({ ...place, listen, admin });
    writeFiles(program, place, file, text);
    const process = host.start({ argv: [path, ...argv], ...placement });
    const server: Server = {
      role: place.proxy.role,
      process,
      pid: process.pid,
      address: `${listen.host}:${listen.port}`,
      admin: withDevice(source, place.accelerator),
    };
    // QUIC has no connection to try; the admin port is opened by the same start.
    const port = place.proxy.listen.protocol === 'h3' ? admin.port : listen.port;
    const death = await listening(place.host, port, server);
    if (death === null) return server;
    await host.end(process);
    if (attempt === ATTEMPTS || !lostRace(process)) throw new ServerStartError(death);
  }
}

/** The program's own counters, with those of the devices that work for it. */
function withDevice(source: CounterSource, accelerator: Accelerator | null): CounterSource {
  if (accelerator !== 'quickassist') return source;
  const found = findQuickAssist();
  const counters = found.state === 'available' ? found.devices.map((device) => device.counters) : [];
  // Virtual functions of one device share its counters.
  return { ...source, firmware: [...new Set(counters.filter((path) => path !== null))] };
}

function writeFiles(program: ForeignProgram, place: ForeignPlace, file: string, text: string): void {
  const { directory, identity } = place;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, file), text, { mode: 0o600 });
  if (program === 'haproxy' && identity !== null) {
    writeFileSync(join(directory, HAPROXY_IDENTITY), joinedIdentity(identity), { mode: 0o600 });
  }
}

function lostRace(process: StartedProcess): boolean {
  return process.logTail().some((line) => /address (already )?in use|cannot bind/i.test(line));
}

/** Null once `port` takes connections; else why it never will. */
async function listening(host: string, port: number, server: Server): Promise<string | null> {
  const deadline = Date.now() + LISTEN_LIMIT_MS;
  while (Date.now() < deadline) {
    const death = deathOf([server]);
    if (death !== null) return death;
    if (await accepts(`${host}:${port}`, ATTEMPT_LIMIT_MS)) return deathOf([server]);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return `${server.role} did not listen in ${LISTEN_LIMIT_MS / 1000} s`;
}
