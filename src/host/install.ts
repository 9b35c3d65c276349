/** Where this installation keeps what it built. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentFault } from './fault.js';

/** The folder that holds package.json, from a compiled or a source file alike. */
export const installRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Path of the Go binary. Throws DATAPLANE_MISSING when it has not been built. */
export function dataplaneBinary(): string {
  const path = process.env.MESHMARK_DATAPLANE ?? join(installRoot, 'dist', 'bin', 'dataplane');
  if (!existsSync(path)) {
    throw new EnvironmentFault(
      'DATAPLANE_MISSING',
      `${path} does not exist: build it with "${howToBuild()}"`,
    );
  }
  return path;
}

/** In somebody else's repository this package's scripts are not the folder's own. */
function howToBuild(): string {
  return dirname(installRoot).endsWith('node_modules')
    ? 'npm explore meshmark -- npm run build:go'
    : 'npm run build:go';
}

/** SHA-256 of a file, in hexadecimal. */
export function fileDigest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(installRoot, 'package.json'), 'utf8');
  const version: unknown = (JSON.parse(text) as { version?: unknown }).version;
  return typeof version === 'string' ? version : 'unknown';
}
