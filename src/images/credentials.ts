/** Who somebody is at a registry: from the caller, or from what `docker login` has stored. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { RegistryFault } from './registry-fault.js';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
const configurationSchema = z.object({ auths: z.record(z.string(), entrySchema).optional() });

/** Docker Hub is stored under the address that it once had. */
const STORED_AS: Readonly<Record<string, string>> = { 'docker.io': 'index.docker.io' };

/**
 * What Docker's config.json (in DOCKER_CONFIG, or ~/.docker) has in `auths` for a registry, or null. Helpers that it names
 * are not asked. Throws RegistryFault for a file that is none; what is in it is never repeated.
 */
export function dockerCredentials(registry: string): Credentials | null {
  const folder = process.env.DOCKER_CONFIG || join(homedir(), '.docker');
  const file = join(folder, 'config.json');
  const text = readIfThere(file);
  if (text === null) return null;
  const entries = Object.entries(entriesOf(text, file));
  const wanted = STORED_AS[registry] ?? registry;
  const [, entry] = entries.find(([key]) => hostOf(key) === wanted) ?? [];
  if (entry === undefined) return null;
  if (entry.username !== undefined && entry.password !== undefined) {
    return { user: entry.username, password: entry.password };
  }
  const pair = Buffer.from(entry.auth ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 1 ? null : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw new RegistryFault(
      `${file} cannot be read: give --user and --password-stdin, or set DOCKER_CONFIG to another folder`,
    );
  }
}

function entriesOf(text: string, file: string): Readonly<Record<string, z.infer<typeof entrySchema>>> {
  try {
    return configurationSchema.parse(JSON.parse(text)).auths ?? {};
  } catch {
    // Messages of both parsers quote what they read.
    throw new RegistryFault(
      `${file} is no configuration of Docker: mend it, or set DOCKER_CONFIG to another folder`,
    );
  }
}

/** Keys are hosts, or addresses of older times. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
