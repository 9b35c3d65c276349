/** Digests of source trees, so that a build whose sources did not change is not repeated. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * SHA-256, in hexadecimal, over the names and contents of all files under `roots` (files or folders, in any order)
 * and over `facts`, such as the version of the compiler.
 *
 * @param {readonly string[]} roots
 * @param {readonly string[]} facts
 * @param {(path: string) => boolean} [include]
 */
export function digestOf(roots, facts, include = () => true) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`fact ${fact}\0`);
  for (const path of roots.flatMap(filesUnder).sort()) {
    if (include(path)) hash.update(`file ${path}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} path @returns {string[]} */
function filesUnder(path) {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => filesUnder(join(path, entry.name)));
  } catch {
    return [path];
  }
}

/** True when the stamp file holds this digest. @param {string} stamp @param {string} digest */
export function isFresh(stamp, digest) {
  try {
    return readFileSync(stamp, 'utf8').trim() === digest;
  } catch {
    return false;
  }
}

/** Takes the stamp away before a build: one that is interrupted must not count. @param {string} stamp */
export function clearStamp(stamp) {
  rmSync(stamp, { force: true });
}

/** @param {string} stamp @param {string} digest */
export function writeStamp(stamp, digest) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${digest}\n`);
}
