/** Programs of others that variants stand of or that make traffic: where they are on this machine, which version, and how to get them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export const FOREIGN_PROGRAMS = ['envoy', 'haproxy', 'nginx'] as const;
export type ForeignProgram = (typeof FOREIGN_PROGRAMS)[number];
/** A program of others that is started: a proxy, a load driver, or a profiler. */
export type ExternalProgram = ForeignProgram | 'k6' | 'clinic' | 'perf';

/** The version that `npm run setup:proxies` brings; the same in infra/setup/envoy.mjs. */
const CACHED_ENVOY = 'envoy1.40.0';
/** The version that `npm run setup:drivers` builds; the same in infra/setup/k6.mjs. */
const CACHED_K6 = 'k61.8.1';
/** The version that `npm run setup:clinic` installs; the same in infra/setup/clinic.mjs. */
const CACHED_CLINIC = 'clinic13.0.0';
/** Debian puts servers here, which is not on every user's PATH. */
const SYSTEM_FOLDER = '/usr/sbin';

const DESCRIPTIONS: Readonly<
  Record<ExternalProgram, { version: readonly string[]; pattern: RegExp; get: string }>
> = {
  envoy: {
    version: ['--version'],
    pattern: /\/(\d+\.\d+\.\d+)\//,
    get: 'run `npm run setup:proxies`, put envoy on PATH, or name it by MESHMARK_ENVOY',
  },
  haproxy: {
    version: ['-v'],
    pattern: /version (\S+)/i,
    get: 'run `apt-get install haproxy`, put haproxy on PATH, or name it by MESHMARK_HAPROXY',
  },
  nginx: {
    version: ['-v'],
    pattern: /nginx\/(\S+)/,
    get: 'run `apt-get install nginx-light`, put nginx on PATH, or name it by MESHMARK_NGINX',
  },
  k6: {
    version: ['version'],
    pattern: /k6 v(\S+)/,
    get: 'run `npm run setup:drivers`, put k6 on PATH, or name it by MESHMARK_K6',
  },
  clinic: {
    version: ['--version'],
    pattern: /v?(\d+\.\d+\.\d+)/,
    get: 'run `npm run setup:clinic`, put clinic on PATH, or name it by MESHMARK_CLINIC',
  },
  perf: {
    version: ['--version'],
    pattern: /perf version (\S+)/,
    get: 'run `apt-get install linux-perf`, put perf on PATH, or name it by MESHMARK_PERF',
  },
};

/**
 * Path of a program, or null. MESHMARK_ENVOY, MESHMARK_HAPROXY, MESHMARK_NGINX, MESHMARK_K6, MESHMARK_CLINIC and MESHMARK_PERF go
 * before PATH, /usr/sbin and the user's cache; one that names no program hides the others, so that a mistake in it is not passed over.
 */
export function findProgram(name: ExternalProgram): string | null {
  const own = process.env[variableOf(name)];
  if (own !== undefined && own !== '') return isProgram(own) ? own : null;
  const folders = [...(process.env.PATH ?? '').split(delimiter), SYSTEM_FOLDER].filter((one) => one !== '');
  const places = [...folders.map((folder) => join(folder, name)), ...cached(name)];
  return places.find(isProgram) ?? null;
}

/** What a user does who lacks a program, as an imperative. */
export function howToGet(name: ExternalProgram): string {
  const own = process.env[variableOf(name)];
  return own !== undefined && own !== '' && !isProgram(own)
    ? `${variableOf(name)} names ${own}, which is not a program: correct it or unset it`
    : DESCRIPTIONS[name].get;
}

/** The version that a program says it is; "unknown" when it says nothing that can be read. */
export function programVersion(name: ExternalProgram, path: string): string {
  const { version, pattern } = DESCRIPTIONS[name];
  const said = spawnSync(path, version, { encoding: 'utf8', timeout: 10_000 });
  return pattern.exec(`${said.stdout}${said.stderr}`)?.[1] ?? 'unknown';
}

function variableOf(name: ExternalProgram): string {
  return `MESHMARK_${name.toUpperCase()}`;
}

function cached(name: ExternalProgram): readonly string[] {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meshmark');
  if (name === 'clinic') return [join(cache, CACHED_CLINIC, 'node_modules', '.bin', 'clinic')];
  const folder =
    name === 'k6' ? CACHED_K6 : name === 'envoy' && process.platform === 'linux' ? CACHED_ENVOY : null;
  if (folder === null) return [];
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return [join(cache, `${folder}.${process.platform}-${architecture}`, name)];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
