/**
 * Programs of others from their own Go modules, built into the user's cache. Go checks what it fetches against its checksum
 * database. Building one the first time may take minutes; after that it is found.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureGo } from './go.mjs';
import { goPlatform } from './go-toolchain.mjs';
import { MissingProgram } from './missing-program.mjs';
import { findExecutable, run } from './steps.mjs';

/**
 * @typedef {object} GoProgram
 * @property {string} name of its file; MESHMARK_NAME names another one
 * @property {string} package its path, as `go install` takes it
 * @property {string} version the pinned one, without `v`
 * @property {boolean} anyOnPath whether one on PATH will do, whichever version it is
 */

/**
 * Path of a program: the one that its variable names, one on PATH where any will do, or the pinned one in the cache, which
 * is built where it is not there yet.
 *
 * @param {GoProgram} program
 * @returns {Promise<string>}
 * @throws {MissingProgram} where none could be had, with the reason
 */
export async function ensureGoProgram(program) {
  const { name, version, anyOnPath } = program;
  const variable = `MESHMARK_${name.toUpperCase()}`;
  const own = process.env[variable];
  const target = cachedProgram(program);
  const present = findExecutable(own ? [own] : anyOnPath ? [name, target] : [target]);
  if (present !== null) return present;
  if (own) {
    throw new MissingProgram(`${variable} names ${own}, which is not a program`, {
      mend: `correct ${variable}, or unset it`,
    });
  }
  const go = await ensureGo();
  mkdirSync(dirname(dirname(target)), { recursive: true });
  const folder = mkdtempSync(join(dirname(dirname(target)), `${name}-build-`));
  try {
    const { code, output } = await run([go.command, 'install', `${program.package}@v${version}`], {
      env: { ...go.env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '' },
    });
    if (code !== 0 || !existsSync(join(folder, name))) {
      throw new MissingProgram(`Go could not build ${name} ${version}`, {
        mend: anyOnPath ? `put ${name} on PATH, or name it by ${variable}` : `name it by ${variable}`,
        output,
      });
    }
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(folder, name), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return target;
}

/** @param {GoProgram} program */
function cachedProgram({ name, version }) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `${name}${version}.${goPlatform()}`, name);
}
